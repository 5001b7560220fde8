// Owns putting the Simplified Chinese together. Its type says that nothing is missing.
import type { Texts } from "./en";
import { boardHistory } from "./zh-CN/boardHistory";
import { boards } from "./zh-CN/boards";
import { compare, files } from "./zh-CN/compare";
import { explore } from "./zh-CN/explore";
import { explorer } from "./zh-CN/explorer";
import { lists } from "./zh-CN/lists";
import { logsPage } from "./zh-CN/logsPage";
import { mapPage } from "./zh-CN/mapPage";
import { mysqlPage } from "./zh-CN/mysqlPage";
import { samplingPage } from "./zh-CN/samplingPage";
import { servicesPage } from "./zh-CN/servicesPage";
import { shell } from "./zh-CN/shell";
import { trace } from "./zh-CN/trace";

export const zhCN: Texts = { ...shell, ...trace, ...lists, logsPage, mapPage, mysqlPage, samplingPage, servicesPage, compare, explore, files, explorer, boards, boardHistory };
