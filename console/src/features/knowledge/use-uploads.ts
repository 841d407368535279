import { useCallback, useRef, useState } from "react";
import { uploadFile } from "@/features/knowledge/upload";
import { hintOf, sentence } from "@/shared/api/errors";

export interface Upload {
  id: number;
  name: string;
  size: number;
  state: "queued" | "sending" | "done" | "rejected";
  share: number;
  problem: string | null;
}

const AT_ONCE = 3;
let last = 0;

/** Uploads files three at a time; each has its own progress, and its own sentence when it is refused. */
export function useUploads(dataset: string, onArrived: () => void) {
  const [uploads, setUploads] = useState<Upload[]>([]);
  const queue = useRef<{ id: number; file: File }[]>([]);
  const running = useRef(0);

  const change = useCallback((id: number, part: Partial<Upload>) => {
    setUploads((all) => all.map((upload) => (upload.id === id ? { ...upload, ...part } : upload)));
  }, []);

  const work = useCallback(async () => {
    if (running.current >= AT_ONCE) return;
    running.current += 1;
    for (let next = queue.current.shift(); next; next = queue.current.shift()) {
      const { id, file } = next;
      change(id, { state: "sending" });
      try {
        const answer = await uploadFile(dataset, file, (share) => change(id, { share }));
        const refused = answer.rejected[0];
        change(id, refused ? { state: "rejected", problem: refused.message } : { state: "done", share: 1 });
      } catch (error) {
        change(id, { state: "rejected", problem: [sentence(error), hintOf(error)].filter(Boolean).join(" ") });
      }
      onArrived();
    }
    running.current -= 1;
  }, [change, dataset, onArrived]);

  const add = useCallback(
    (files: File[]) => {
      const fresh = files.map((file) => ({ id: ++last, file }));
      queue.current.push(...fresh);
      setUploads((all) => [
        ...all.filter((upload) => upload.state !== "done"),
        ...fresh.map(({ id, file }): Upload => ({ id, name: file.name, size: file.size, state: "queued", share: 0, problem: null })),
      ]);
      for (let worker = 0; worker < AT_ONCE; worker += 1) void work();
    },
    [work],
  );

  const clear = useCallback(() => setUploads((all) => all.filter(({ state }) => state === "queued" || state === "sending")), []);
  return { uploads, add, clear };
}
