import { plural } from "@/shared/format/numbers";
import { Button } from "@/shared/ui/button";

interface PagerProps {
  page: number;
  limit: number;
  total: number;
  one: string;
  onPage: (page: number) => void;
}

/** "21–40 of 63 documents", with a step back and forth; only the count when one page holds everything. */
export function Pager({ page, limit, total, one, onPage }: PagerProps) {
  const pages = Math.max(1, Math.ceil(total / limit));
  const first = total === 0 ? 0 : (page - 1) * limit + 1;
  return (
    <nav className="pager" aria-label="Pages">
      <span className="numeric" aria-live="polite">
        {pages > 1 ? `${first}–${Math.min(page * limit, total)} of ${plural(total, one)}` : plural(total, one)}
      </span>
      {pages > 1 && (
        <span className="row">
          <Button small icon="left" disabled={page <= 1} onClick={() => onPage(page - 1)}>Previous</Button>
          <span className="numeric">{page} / {pages}</span>
          <Button small disabled={page >= pages} onClick={() => onPage(page + 1)}>Next</Button>
        </span>
      )}
    </nav>
  );
}
