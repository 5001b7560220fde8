// Owns a value that changes faster than browsers let the address change (wheel, held keys): it is used at once and
// written to the address a moment later. A change of the address from outside (back, a link) wins.
import { useCallback, useEffect, useRef, useState } from "react";
import { setParameters, useParameter } from "../router";

const LAG_MS = 160;

export function useLaggedParameter(name: string): [string | null, (value: string | null) => void] {
  const [inAddress] = useParameter(name);
  const [value, setValue] = useState(inAddress);
  const [adopted, setAdopted] = useState(inAddress);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  if (adopted !== inAddress) {
    setAdopted(inAddress);
    setValue(inAddress);
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const set = useCallback(
    (next: string | null) => {
      setValue(next);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        setAdopted(next === "" ? null : next);
        setParameters({ [name]: next });
      }, LAG_MS);
    },
    [name],
  );
  return [value, set];
}
