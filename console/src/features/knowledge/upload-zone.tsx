import { useRef, useState, type DragEvent } from "react";
import { useUploads, type Upload } from "@/features/knowledge/use-uploads";
import { fileSize, percent, plural } from "@/shared/format/numbers";
import { ProgressBar } from "@/shared/ui/bits";
import { Button } from "@/shared/ui/button";
import { Icon } from "@/shared/ui/icon";

const KINDS = "Text, Markdown, HTML, CSV, PDF, Word, PowerPoint, Excel, EPUB, mail";

/** Takes files by drop or by choice and shows how far each is. */
export function UploadZone({ dataset, onArrived }: { dataset: string; onArrived: () => void }) {
  const { uploads, add, clear } = useUploads(dataset, onArrived);
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    add([...event.dataTransfer.files]);
  }

  return (
    <section aria-label="Upload">
      <div
        className={over ? "drop over" : "drop"} data-testid="upload-zone" onDrop={drop}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
      >
        <span className="tile"><Icon name="upload" size={20} /></span>
        <div className="grow">
          <p><strong>Drop files here</strong> or <button type="button" className="link" onClick={() => input.current?.click()}>choose files</button></p>
          <p className="faint">{KINDS}</p>
        </div>
        <input
          ref={input} type="file" multiple className="visually-hidden" aria-label="Files to upload" tabIndex={-1}
          onChange={(event) => {
            add([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
      </div>
      {uploads.length > 0 && <UploadList uploads={uploads} onClear={clear} />}
    </section>
  );
}

function UploadList({ uploads, onClear }: { uploads: Upload[]; onClear: () => void }) {
  const left = uploads.filter(({ state }) => state === "queued" || state === "sending").length;
  const refused = uploads.filter(({ state }) => state === "rejected").length;
  const shown = uploads.filter(({ state }) => state !== "done").slice(0, 50);
  const summary = left > 0 ? `Uploading ${plural(left, "file")}` : `${plural(uploads.length - refused, "file")} uploaded`;
  return (
    <div className="card uploads">
      <div className="row">
        <p className="grow" role="status">{summary}{refused > 0 && `, ${refused} refused`}</p>
        {left === 0 && <Button small kind="ghost" onClick={onClear}>Dismiss</Button>}
      </div>
      {shown.length > 0 && (
        <ul aria-label="Uploads">
          {shown.map((upload) => (
            <li key={upload.id}>
              <Icon name={upload.state === "rejected" ? "warning" : "file"} />
              <div className="grow">
                <p className="truncate">{upload.name} <span className="faint">{fileSize(upload.size)}</span></p>
                {upload.state === "rejected" ? <p className="field-error" role="alert">{upload.problem}</p> : <ProgressBar label={`Upload of ${upload.name}`} value={upload.share} />}
              </div>
              {upload.state !== "rejected" && <span className="faint numeric">{upload.state === "queued" ? "Queued" : percent(upload.share)}</span>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
