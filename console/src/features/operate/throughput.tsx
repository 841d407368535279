import { tenMinutes, throughputInWords } from "@/features/operate/wording";

const HEIGHT = 90;
const STEP = 10;

/** Ends by minute as bars: done, and on top of them failed. Said in words for those who do not see them. */
export function Throughput({ succeeded, failed }: { succeeded: number[]; failed: number[] }) {
  const most = Math.max(1, ...succeeded.map((one, minute) => one + (failed[minute] ?? 0)));
  const tall = (count: number) => (count === 0 ? 0 : Math.max(2, (count / most) * HEIGHT));
  const words = throughputInWords(succeeded, failed);
  return (
    <figure className="throughput">
      <svg viewBox={`0 0 ${succeeded.length * STEP} ${HEIGHT + 1}`} preserveAspectRatio="none" role="img" aria-label={words}>
        {succeeded.map((done, minute) => {
          const bad = failed[minute] ?? 0;
          const low = tall(done);
          const top = Math.min(tall(bad), HEIGHT);
          return (
            <g key={minute}>
              {done > 0 && <rect className="bar-done" x={minute * STEP + 1} width={STEP - 2} y={HEIGHT - low} height={low} />}
              {bad > 0 && <rect className="bar-failed" x={minute * STEP + 1} width={STEP - 2} y={Math.max(0, HEIGHT - low - top)} height={top} />}
            </g>
          );
        })}
        <line className="ground" x1="0" x2={succeeded.length * STEP} y1={HEIGHT + 0.5} y2={HEIGHT + 0.5} />
      </svg>
      <div className="axis faint" aria-hidden="true"><span>60 min ago</span><span>30</span><span>now</span></div>
      <figcaption>
        <p>{words}</p>
        <p className="row-wrap faint" aria-hidden="true"><span className="key key-done" />done<span className="key key-failed" />failed</p>
      </figcaption>
      <details className="fold">
        <summary>Figures</summary>
        <div className="fold-body"><Figures succeeded={tenMinutes(succeeded)} failed={tenMinutes(failed)} /></div>
      </details>
    </figure>
  );
}

function Figures({ succeeded, failed }: { succeeded: number[]; failed: number[] }) {
  return (
    <table className="table">
      <thead><tr><th scope="col">Minutes ago</th><th scope="col" className="right">Done</th><th scope="col" className="right">Failed</th></tr></thead>
      <tbody>
        {succeeded.map((done, part) => (
          <tr key={part}>
            <th scope="row" className="numeric">{part * 10}–{part * 10 + 10}</th>
            <td className="numeric right">{done}</td>
            <td className="numeric right">{failed[part] ?? 0}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
