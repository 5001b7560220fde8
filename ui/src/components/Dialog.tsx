// Owns a modal box: focus stays inside, Escape and a click beside it close it (the browser's own dialog does the work).
import { useEffect, useRef, type ReactNode } from "react";
import { texts } from "../texts";
import { Icon } from "./Icon";

export function Dialog({ title, onClose, children }: { title: string; onClose?: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-label={title}
      onCancel={(cancel) => {
        cancel.preventDefault();
        onClose?.();
      }}
      onClick={(click) => {
        if (click.target === dialog.current) onClose?.();
      }}
    >
      <div className="dialog-box">
        <div className="dialog-head">
          <h2>{title}</h2>
          {onClose && (
            <button type="button" className="icon-button" aria-label={texts.common.close} onClick={onClose}>
              <Icon name="close" />
            </button>
          )}
        </div>
        {children}
      </div>
    </dialog>
  );
}
