import { useEffect, useRef, useState } from "react";
import { Icon } from "@/shared/ui/icon";

interface SearchInputProps {
  label: string;
  value: string;
  onSearch: (text: string) => void;
}

/** A search field that tells what was typed once the fingers rest for 250 ms. */
export function SearchInput({ label, value, onSearch }: SearchInputProps) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  function type(next: string) {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onSearch(next.trim()), 250);
  }

  return (
    <div className="search">
      <Icon name="search" />
      <input className="input" type="search" aria-label={label} placeholder={label} value={text} onChange={(event) => type(event.target.value)} />
    </div>
  );
}
