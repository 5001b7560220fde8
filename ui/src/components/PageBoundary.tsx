// Owns what is shown where a page breaks: its error instead of nothing, with the shell round it still there.
// Never hides an error: it is written to the console by React as well.
import { Component, type ReactNode } from "react";
import { texts } from "../texts";

export class PageBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <div className="nothing" role="alert">
        <strong>{texts.broken.title}</strong>
        <p className="muted">{texts.broken.text}</p>
        <code className="mono">{String(this.state.error)}</code>
        <button type="button" className="button" onClick={() => window.location.reload()}>{texts.broken.reload}</button>
      </div>
    );
  }
}
