// Owns the Chinese of the page about sampling.
import { count } from "./count";

export const samplingPage = {
  title: "采样",
  off: "所有追踪都会保留",
  offHint: "设置 sampling.day_bytes 后，会为冷存储层挑选完整的追踪，使其每天的增长不超过该值：优先保留罕见、缓慢和出错的追踪，并记录各自的概率。",
  budget: "24 小时预算",
  spent: (written: string, day: string) => `已用 ${written}，共 ${day}`,
  noBudget: (written: string) => `${written}，没有上限`,
  waiting: "还没有任何小时离开热存储层。",
  hours: "已离开热存储层的小时",
  hourTitle: (start: string, written: string, allotted: string, offered: string) => `${start}：写入 ${written}，分配 ${allotted}；全部保留需 ${offered}`,
  legend: { written: "写入", allotted: "分配" },
  newest: (start: string) => `从 ${start} 开始的一小时用在了哪里`,
  kept: (kept: string, all: string) => `保留 ${kept} / ${all} 条追踪`,
  dropped: (number: number) => `规则丢弃了${count(number, "条追踪")}`,
  hashed: (number: number) => `${count(number, "个 trace id")}看起来不随机`,
  malformed: (number: number) => `${count(number, "个格式错误的 tracestate")}`,
  columns: { group: "追踪来自", reason: "保留原因", traces: "追踪", kept: "保留", bytes: "保留字节", probability: "概率" },
  others: "其他所有分组",
  oneIn: (number: string) => `${number} 分之 1`,
  range: (low: string, high: string) => (low === high ? low : `${low} 至 ${high}`),
  reasons: {
    error: "有错误", slow: "属于最慢的 1 %", rare_operation: "操作罕见", rare_shape: "形状罕见", ordinary: "按份额",
    severe_log: "有 WARN 或更严重的日志", linked: "被保留的追踪链接", pin: "已固定",
  } as Record<string, string>,
  rules: "规则",
  actions: { keep: "始终保留", drop: "丢弃", atLeast: (probability: string) => `至少以 ${probability} 的概率保留` },
};
