// Owns asking for the server's token when it answers 401, and asking everything again once there is one.
import { useQueryClient } from "@tanstack/react-query";
import { useState, useSyncExternalStore } from "react";
import { isTokenWanted, keepToken, subscribeToTokenRequest } from "../api/token";
import { texts } from "../texts";
import { Dialog } from "./Dialog";

export function TokenPrompt() {
  const wanted = useSyncExternalStore(subscribeToTokenRequest, isTokenWanted);
  const queryClient = useQueryClient();
  const [token, setToken] = useState("");
  const [tries, setTries] = useState(0);
  if (!wanted) return null;
  return (
    <Dialog title={texts.token.title}>
      <form
        className="token-form"
        onSubmit={(submit) => {
          submit.preventDefault();
          if (token.trim() === "") return;
          keepToken(token.trim());
          setTries(tries + 1);
          setToken("");
          void queryClient.resetQueries();
        }}
      >
        <p className="muted">{texts.token.text}</p>
        {tries > 0 && <p className="field-error">{texts.token.refused}</p>}
        <label className="field">
          <span>{texts.token.label}</span>
          <input type="password" autoFocus value={token} autoComplete="off" onChange={(change) => setToken(change.target.value)} />
        </label>
        <button type="submit" className="button primary">
          {texts.token.submit}
        </button>
      </form>
    </Dialog>
  );
}
