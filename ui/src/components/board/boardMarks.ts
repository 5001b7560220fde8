// Owns handing a dashboard's annotations to its charts: they are asked for once, and every chart over time shows them.
import { createContext } from "react";
import type { Mark } from "../../model/boardAnnotations";

export const BoardMarksContext = createContext<readonly Mark[]>([]);
