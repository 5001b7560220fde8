// Owns the words for what a server does not show: nothing to be seen is not the same as nothing there.
import type { MysqlServer } from "../../api/mysqlTypes";
import { hidesStatements } from "../../model/mysqlLight";
import { texts } from "../../texts";

const said = texts.mysqlPage.now;

/** Why no statement, or no lock wait, can be told of; null where there simply is none. */
export function unseenStatements(server: MysqlServer, wasSeen: boolean): string | null {
  if (!wasSeen) return texts.mysqlPage.notSeen;
  return hidesStatements(server) ? said.unseen : null;
}

export function unseenLocks(server: MysqlServer, wasSeen: boolean): string | null {
  if (!wasSeen) return texts.mysqlPage.notSeen;
  return server.up && server.figures.lock_waits_now === undefined ? texts.mysqlPage.locks.unseen : null;
}
