// Owns a text field whose value goes to the address once typing rests, and which follows the address otherwise.
import { useEffect, useRef, useState } from "react";
import { setParameters } from "../router";

const REST_MS = 350;

export function useDelayedText(name: string, value: string): { text: string; change: (text: string) => void; send: () => void } {
  const [text, setText] = useState(value);
  const [adopted, setAdopted] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  if (adopted !== value) {
    setAdopted(value);
    setText(value);
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const write = (next: string): void => {
    clearTimeout(timer.current);
    setAdopted(next.trim());
    setParameters({ [name]: next.trim() });
  };
  return {
    text,
    change: (next) => {
      setText(next);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => write(next), REST_MS);
    },
    send: () => write(text),
  };
}
