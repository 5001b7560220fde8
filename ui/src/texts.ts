// Owns which language's texts the page speaks. Every sentence is in texts/<language>; nothing else holds one.
// The choice is made once, when the page loads: switching loads it again, which loses nothing because the state of
// every page is in its address. Both languages come with the first load, as they are small beside everything else.
import { readLanguage } from "./language";
import { en, type Texts } from "./texts/en";
import { zhCN } from "./texts/zh-CN";

export type { Texts };
export const texts: Texts = readLanguage() === "zh-CN" ? zhCN : en;
