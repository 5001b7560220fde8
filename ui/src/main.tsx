// Owns starting the page: styles, the query cache, the root element. Never holds a page itself.
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "./api/queries";
import { App } from "./App";
import { readLanguage } from "./language";
import { routeOf } from "./routes";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/traces.css";
import "./styles/explore.css";
import "./styles/trace.css";
import "./styles/span.css";
import "./styles/operations.css";
import "./styles/palette.css";

const element = document.getElementById("root");
if (!element) throw new Error("index.html has no #root");
// While the shell is drawn the code of the page comes; what does not come is said where it is missing.
routeOf(window.location.pathname).load().catch(() => undefined);
document.documentElement.lang = readLanguage();
createRoot(element).render(
  <StrictMode>
    <QueryClientProvider client={createQueryClient()}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
