// Owns the server token of this tab: where it is kept (session storage) and that someone must be asked for it.
// Never sends it and never draws the prompt.

const KEY = "spanlake.token";
const listeners = new Set<() => void>();
let wanted = false;

export function readToken(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function keepToken(token: string): void {
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // Without storage the prompt comes back; there is nowhere else to keep a secret.
  }
  setWanted(false);
}

/** Drops a token that was refused, unless it has been replaced meanwhile. */
export function forgetToken(refused: string | null): void {
  if (refused !== null && readToken() === refused) sessionStorage.removeItem(KEY);
}

export function requestToken(): void {
  setWanted(true);
}

function setWanted(value: boolean): void {
  if (wanted === value) return;
  wanted = value;
  for (const listener of listeners) listener();
}

export function subscribeToTokenRequest(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function isTokenWanted(): boolean {
  return wanted;
}
