// Owns what to paste so that a MySQL server is watched: command, configuration, environment, grants. Pure text; docs/mysql.md
// says the same.
import { texts } from "../texts";

const URL = "mysql://spanlake:password@db-1:3306/";

export function setupWays(): { key: string; title: string; note: string; text: string }[] {
  const said = texts.mysqlPage.empty;
  return [
    { key: "command", title: said.command, note: said.commandNote, text: `spanlake serve --mysql ${URL}` },
    { key: "file", title: said.file, note: said.fileNote, text: `mysql:\n  - ${URL}\n  - url: mysql://spanlake:password@db-2:3306/\n    interval: 1s` },
    { key: "environment", title: said.environment, note: said.environmentNote, text: `export SPANLAKE_MYSQL='${URL}'\nspanlake serve` },
  ];
}

export function grants(): string {
  return [
    "CREATE USER 'spanlake'@'%' IDENTIFIED BY 'password' WITH MAX_USER_CONNECTIONS 3;",
    "GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'spanlake'@'%';",
    "GRANT SELECT ON performance_schema.* TO 'spanlake'@'%';",
  ].join("\n");
}
