import { Link } from "wouter";
import { useDatasets } from "@/shared/api/datasets";
import { plural } from "@/shared/format/numbers";
import { Loaded, SkeletonRows } from "@/shared/ui/states";

/** Chooses the knowledge bases an app answers from. */
export function DatasetPicker({ chosen, onChange }: { chosen: string[]; onChange: (ids: string[]) => void }) {
  const datasets = useDatasets({ limit: 100 });
  return (
    <fieldset className="picker">
      <legend className="field-label">Knowledge bases</legend>
      <Loaded query={datasets} skeleton={<SkeletonRows rows={2} />}>
        {({ data }) =>
          data.length === 0 ? (
            <p className="field-hint">There are none yet. <Link href="/knowledge">Create one</Link>, then choose it here.</p>
          ) : (
            <ul>
              {data.map((dataset) => (
                <li key={dataset.id}>
                  <label className="check">
                    <input
                      type="checkbox" checked={chosen.includes(dataset.id)} aria-label={dataset.name}
                      onChange={(event) => onChange(event.target.checked ? [...chosen, dataset.id] : chosen.filter((id) => id !== dataset.id))}
                    />
                    <span>{dataset.name} <span className="faint">{plural(dataset.document_count, "document")}</span></span>
                  </label>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </fieldset>
  );
}
