// Owns whether this page stands inside another one, read once: whoever embeds says so in the first address. Never draws.
import { readEmbedding } from "./model/embedding";

// Tests of models run without a window.
const embedding = readEmbedding(typeof window === "undefined" ? "" : window.location.search);

export const isEmbedded = embedding.isEmbedded;
/** The theme of the page round it; stronger than the reader's choice, and not kept. */
export const embeddedTheme = embedding.theme;
