// Owns the Chinese of the sentences that the server says of a MySQL server in English (collector/sources: light, records,
// innodb, variables, plans). What none of them fits stays as it was said.

/** Codes of docs/mysql.md, for sentences that a newer server says. */
export const REASONS: Record<string, string> = {
  down: "无响应", connections_high: "连接数偏高", statements_many: "同时执行的语句过多", lock_wait_long: "锁等待过长", replication_late: "复制延迟", replication_stopped: "复制已停止", deadlocks: "死锁频繁", buffer_pool_misses: "缓冲池命中率低", history_long: "历史列表过长", answers_slow: "响应缓慢",
};

const SENTENCES: readonly [RegExp, string][] = [
  [/^the server does not answer: ([^]*)$/, "服务器无响应：$1"],
  [/^(\d+) % of (\d+) connections are used$/, "$2 个连接已用 $1%"],
  [/^(\d+) statements run at once$/, "同时执行 $1 条语句"],
  [/^([\d.]+) deadlocks a second$/, "每秒 $1 次死锁"],
  [/^(\d+) % of reads are served from the buffer pool$/, "缓冲池命中率为 $1%"],
  [/^the history list has (\d+) entries: a transaction is open for long$/, "历史列表有 $1 条记录，有事务长时间未结束"],
  [/^the status took (\d+) ms$/, "查询状态耗时 $1 ms"],
  [/^receiving from (.+?) is ("[^"]*")([^]*)$/, "从 $1 接收的状态为 $2$3"],
  [/^applying from (.+?) is ("[^"]*")([^]*)$/, "应用来自 $1 的变更的状态为 $2$3"],
  [/^(\d+) s behind (.+)$/, "落后 $2 $1 秒"],
  [/^thread (\d+) has waited (\d+) s for a lock on (.+) that thread (\d+) holds$/, "线程 $1 等待线程 $4 在 $3 上持有的锁，已等待 $2 秒"],
  [/^thread (\d+) waits for a lock on (.+) that thread (\d+) holds$/, "线程 $1 等待线程 $3 在 $2 上持有的锁"],
  [/^(\d+) transactions waited for each other; one was rolled back$/, "$1 个事务互相等待，其中一个已回滚"],
  [/^(\S+) was set from ([^]*) to ([^]*)$/, "$1 由 $2 改为 $3"],
  [/^another plan for ([^]*)$/, "执行计划变化：$1"],
  [/^current statements, digests, plans and lock waits are not collected$/, "未采集正在执行的语句、语句摘要、执行计划和锁等待"],
  [/^digests and metadata locks are not collected$/, "未采集语句摘要和元数据锁"],
  [/^InnoDB's status, its history list, deadlocks and others' statements are not collected$/, "未采集 InnoDB 状态、历史列表、死锁和其他用户的语句"],
  [/^p95 of statements is not collected: ([^]*)$/, "未采集语句的 p95：该服务器不按语句摘要保存直方图（MySQL 8.0 起支持），平均值和最长值仍然可用"],
  [/^replication is not collected$/, "未采集复制状态"],
  [/^statements by digest are not collected$/, "未按摘要采集语句"],
  [/^current statements are not collected$/, "未采集正在执行的语句"],
  [/^performance_schema is OFF: [^]*$/, "performance_schema 为 OFF，因此缺少语句摘要等数据；请在服务器配置中设置 performance_schema=ON 并重启"],
  [/^the consumer (\w+) is off[^]*$/, "consumer $1 未启用，因此缺少相应的语句数据"],
  [/^the server has started anew$/, "服务器已重新启动"],
];

/** Null where no sentence fits. */
export function inChinese(sentence: string): string | null {
  const found = SENTENCES.find(([pattern]) => pattern.test(sentence));
  return found ? sentence.replace(found[0], found[1]) : null;
}
