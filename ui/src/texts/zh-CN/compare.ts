// Owns the Chinese of comparing two traces and of traces from files.
import { count } from "./count";

export const compare = {
  title: "比较追踪",
  first: "A：第一条追踪",
  second: "B：第二条追踪",
  idExample: "追踪 ID，任意写法均可",
  swap: "交换 A 与 B",
  choose: "选择两条追踪叠放比较：服务与操作路径相同的调用在同一行。",
  similar: "同一操作的追踪",
  recent: "最近查看的追踪",
  notFound: "没有这条追踪",
  columns: { operation: "服务与操作", a: "A", b: "B", difference: "差值 B − A", time: "自各自开始的时间" },
  onlyDifferences: "仅显示差异",
  verdicts: { onlyA: "仅在 A 中", onlyB: "仅在 B 中", slower: "B 较慢", faster: "B 较快", same: "基本相同" },
  times: (number: number) => `${number.toLocaleString("zh-CN")} 次`,
  rows: (number: number) => count(number, "行"),
  none: "两者没有值得一提的差异。",
  slowerBy: (duration: string, percent: string) => `B 多用 ${duration}（+${percent}%）`,
  fasterBy: (duration: string, percent: string) => `B 少用 ${duration}（−${percent}%）`,
  asLong: "两者用时相同",
  compareWith: "与另一条追踪比较",
};

export const files = {
  title: "打开追踪文件",
  text: "支持 OTLP JSON、Jaeger JSON，以及本页面下载的文件。文件只留在此浏览器中，不会发送到服务器。",
  drop: "将文件拖放到此处，或",
  choose: "选择文件",
  label: "追踪文件",
  reading: "正在读取…",
  unknown: "此文件中没有可读取的追踪。可读取 OTLP JSON、Jaeger JSON 和本页面下载的文件。",
  tooLarge: (size: string) => `文件大于 ${size}，页面难以容纳。`,
  found: (number: number, name: string) => `${name} 中有 ${count(number, "条追踪")}`,
  refused: (number: number) => `${count(number, "个条目")} 无法读作 span，已略去。`,
  event: "事件",
  cut: (spans: number) => `此文件只包含前 ${spans.toLocaleString("zh-CN")} 个 span。`,
  openFile: "打开文件",
  fromFile: "来自文件",
  gone: "这条追踪来自文件，页面重新加载后不再保留。请再次选择该文件。",
  html: "下载为独立网页",
  htmlHint: "包含整条追踪的单个 HTML 文件，无需服务器即可在任何地方打开",
};
