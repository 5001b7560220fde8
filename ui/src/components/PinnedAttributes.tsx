// Owns the attributes that someone wants to see first, in every span that has them. Which ones is kept in the browser.
import type { Span } from "../api/types";
import { texts } from "../texts";
import { AttributeTable, type AttributeActions } from "./AttributeTable";
import { PanelSection } from "./PanelSection";

export function PinnedAttributes({ span, actions }: { span: Span; actions: AttributeActions }) {
  const own = Object.entries(span.attributes).filter(([key]) => actions.pinned.includes(key));
  const ofResource = Object.entries(span.resource_attributes).filter(([key]) => actions.pinned.includes(key) && !(key in span.attributes));
  if (own.length + ofResource.length === 0) return null;
  return (
    <PanelSection title={texts.span.pinned} count={own.length + ofResource.length}>
      {own.length > 0 && <AttributeTable attributes={Object.fromEntries(own)} map="attributes" actions={actions} />}
      {ofResource.length > 0 && <AttributeTable attributes={Object.fromEntries(ofResource)} map="resource_attributes" actions={actions} />}
    </PanelSection>
  );
}
