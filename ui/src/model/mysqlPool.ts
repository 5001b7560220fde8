// Owns what fills a buffer pool. Pure.
import type { MysqlInnodb } from "../api/mysqlTypes";

const PAGE_BYTES = 16_384;

export interface PoolPart {
  key: "clean" | "dirty" | "free" | "other";
  bytes: number;
  share: number;
}

/** Parts that add up to the pool's size, however the server's figures were taken a moment apart. */
export function poolParts(pool: MysqlInnodb["buffer_pool"]): PoolPart[] {
  const size = Math.max(pool.size_bytes, 1);
  const dirty = Math.min(pool.dirty_bytes, pool.data_bytes, size);
  const clean = Math.max(0, Math.min(pool.data_bytes, size) - dirty);
  const free = Math.max(0, Math.min(pool.free_pages * PAGE_BYTES, size - dirty - clean));
  const other = Math.max(0, size - dirty - clean - free);
  const part = (key: PoolPart["key"], bytes: number): PoolPart => ({ key, bytes, share: bytes / size });
  return [part("clean", clean), part("dirty", dirty), part("other", other), part("free", free)];
}
