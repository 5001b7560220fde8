// Owns showing one trace in a page of its own, without a server: this text is put into the downloaded file as it is.
// It may use nothing but what lies in the file, and writes everything of the trace as text, never as markup.
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("trace").textContent);
  var words = data.words;
  var total = Math.max(data.totalNs, 1);

  function make(tag, className, text) {
    var element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function attributeText(value) {
    return typeof value === "string" ? value : JSON.stringify(value);
  }

  function table(title, attributes) {
    var keys = Object.keys(attributes || {}).sort();
    if (keys.length === 0) return null;
    var part = make("section");
    part.append(make("h3", "", title));
    var list = make("dl");
    keys.forEach(function (key) {
      list.append(make("dt", "", key), make("dd", "", attributeText(attributes[key])));
    });
    part.append(list);
    return part;
  }

  function fill(holder, row) {
    if (holder.childElementCount > 0) return;
    var facts = {};
    facts[words.spanId] = row.spanId;
    facts[words.kind] = row.kind;
    facts[words.start] = row.startTime;
    if (row.message) facts[words.message] = row.message;
    var parts = [table(words.span, facts), table(words.attributes, row.attributes)];
    row.events.forEach(function (event) {
      parts.push(table(words.event + ": " + event.name + " +" + event.since, event.attributes) || make("h3", "", words.event + ": " + event.name + " +" + event.since));
    });
    row.logs.forEach(function (log) {
      parts.push(make("pre", "log", "+" + log.since + " " + log.severity + " " + log.body));
    });
    parts.push(table(words.resource, row.resource));
    parts.forEach(function (part) {
      if (part) holder.append(part);
    });
  }

  function rowElement(row) {
    var details = make("details", row.error ? "row error" : "row");
    var summary = make("summary");
    var name = make("span", "name");
    name.style.paddingLeft = Math.min(row.depth * 12, 240) + "px";
    var stripe = make("i", "stripe");
    stripe.style.background = row.colour;
    name.append(stripe, make("b", "", row.service), make("span", "operation", row.name));
    var time = make("span", "time");
    var bar = make("i", "bar");
    bar.style.left = (row.startNs / total) * 100 + "%";
    bar.style.width = Math.max(0.2, ((row.endNs - row.startNs) / total) * 100) + "%";
    bar.style.background = row.colour;
    time.append(bar, make("span", "duration", row.duration));
    summary.append(name, time);
    var holder = make("div", "detail");
    details.append(summary, holder);
    details.addEventListener("toggle", function () {
      if (details.open) fill(holder, row);
    });
    return details;
  }

  var list = document.getElementById("rows");
  var elements = data.rows.map(rowElement);
  list.append.apply(list, elements);
  document.getElementById("search").addEventListener("input", function (input) {
    var wanted = input.target.value.toLowerCase();
    elements.forEach(function (element, index) {
      var row = data.rows[index];
      element.hidden = wanted !== "" && (row.service + " " + row.name + " " + JSON.stringify(row.attributes)).toLowerCase().indexOf(wanted) === -1;
    });
  });
})();
