// Owns the page of services: which of them sent requests in the range, how many, how fast, how many failed. The range,
// the name filter and the order are in the address. Never draws a row itself.
import { useMemo } from "react";
import { useServiceCounts, useServiceFigures, DEFAULT_SERVICE_RANGE } from "../api/serviceQueries";
import { useStatus } from "../api/queries";
import { EmptyStore } from "../components/EmptyStore";
import { ErrorNote } from "../components/ErrorNote";
import { FigureTable } from "../components/FigureTable";
import { Icon } from "../components/Icon";
import { Link } from "../components/Link";
import { LoadingNote } from "../components/LoadingNote";
import { ServiceDot } from "../components/ServicePill";
import { TimeRangePicker } from "../components/TimeRangePicker";
import { useDelayedText } from "../components/useDelayedText";
import { useShortcuts } from "../components/useShortcuts";
import { useTitle } from "../components/useTitle";
import type { Figures } from "../model/serviceFigures";
import { serviceColour } from "../model/serviceColour";
import { addressOf, serviceAddress, setParameters, useParameter } from "../router";
import { texts } from "../texts";
import "../styles/services.css";

export default function ServicesPage() {
  useTitle(texts.servicesPage.title);
  const [rangeText] = useParameter("range");
  const [internal] = useParameter("internal");
  const [query] = useParameter("q");
  const find = useDelayedText("q", query ?? "");
  const range = rangeText ?? DEFAULT_SERVICE_RANGE;
  const status = useStatus();
  const services = useServiceFigures(range, internal === "true");
  const counts = useServiceCounts(range, internal === "true");
  useShortcuts({ "/": () => document.getElementById("find-service")?.focus() });
  const figures = services.data?.figures;
  const shown = useMemo(() => (figures ?? []).filter((one) => one.name.toLowerCase().includes((query ?? "").toLowerCase())), [figures, query]);
  if (status.data?.empty && internal !== "true" && figures?.length === 0) return <EmptyStore status={status.data} />;
  return (
    <div className="services-page">
      <h1 className="sr-only">{texts.servicesPage.title}</h1>
      <form className="filters services-bar" onSubmit={(submit) => submit.preventDefault()}>
        <label className="search-field">
          <Icon name="search" size={14} />
          <input id="find-service" value={find.text} placeholder={texts.servicesPage.find} aria-label={texts.servicesPage.find} spellCheck={false} autoComplete="off" onChange={(change) => find.change(change.target.value)} onKeyDown={(press) => press.key === "Escape" && press.currentTarget.blur()} />
        </label>
        <TimeRangePicker range={range} onChange={(next) => setParameters({ range: next === DEFAULT_SERVICE_RANGE ? null : next })} />
        <span className="muted small services-note">{texts.servicesPage.entriesNote}</span>
      </form>
      {services.error && !services.data && <ErrorNote error={services.error} retry={() => void services.refetch()} />}
      {services.isPending && !services.error && <LoadingNote />}
      {figures && shown.length === 0 && (
        <div className="nothing">
          <strong>{figures.length === 0 ? texts.servicesPage.nothing : texts.servicesPage.noMatch}</strong>
          {figures.length === 0 && <p className="muted">{texts.servicesPage.nothingHint}</p>}
        </div>
      )}
      {services.data && shown.length > 0 && (
        <FigureTable
          label={texts.servicesPage.services(shown.length)}
          columns={texts.servicesPage.columns}
          figures={shown}
          counts={counts.data}
          seconds={(services.data.range.endMs - services.data.range.startMs) / 1000}
          colourOf={(one) => serviceColour(one.name)}
          nameOf={(one) => <ServiceName figures={one} range={rangeText} />}
          toolsOf={(one) => <ServiceTools service={one.name} range={rangeText} />}
        />
      )}
    </div>
  );
}

function ServiceName({ figures, range }: { figures: Figures; range: string | null }) {
  return (
    <>
      <ServiceDot name={figures.name} />
      {figures.name === "" ? <span>{texts.trace.noService}</span> : <Link className="row-link" href={serviceAddress(figures.name, range)}>{figures.name}</Link>}
    </>
  );
}

function ServiceTools({ service, range }: { service: string; range: string | null }) {
  if (service === "") return null;
  return (
    <>
      <Link href={addressOf("/", { service, range })}>{texts.servicesPage.traces}</Link>
      <Link href={addressOf("/logs", { service, range })}>{texts.servicesPage.logs}</Link>
    </>
  );
}
