// Owns putting the English together; it is the language whose keys all others must have.
import { boardHistory } from "./en/boardHistory";
import { boards } from "./en/boards";
import { compare, files } from "./en/compare";
import { explore } from "./en/explore";
import { explorer } from "./en/explorer";
import { lists } from "./en/lists";
import { logsPage } from "./en/logsPage";
import { mapPage } from "./en/mapPage";
import { mysqlPage } from "./en/mysqlPage";
import { samplingPage } from "./en/samplingPage";
import { servicesPage } from "./en/servicesPage";
import { shell } from "./en/shell";
import { trace } from "./en/trace";

export const en = { ...shell, ...trace, ...lists, logsPage, mapPage, mysqlPage, samplingPage, servicesPage, compare, explore, files, explorer, boards, boardHistory };
export type Texts = typeof en;
