/** The mock's moving parts: documents that get on by themselves, answers that stream. */
import { ANSWER, id, now } from "./seed.mjs";

const STAGES = ["waiting", "parsing", "cleaning", "splitting", "indexing"];

/** Moves a document along by the time since it was born: about eight seconds in all. */
export function advance(document) {
  if (document.born === null || ["paused", "error", "completed"].includes(document.indexing_status)) return document;
  const age = (Date.now() - document.born) / 1000;
  if (document.name.startsWith("broken")) return Object.assign(document, { indexing_status: "error", display_status: "error", error: "The file is damaged: it ends in the middle of a page. Repair it and upload it again.", born: null });
  if (age > 8) return Object.assign(document, { indexing_status: "completed", display_status: "available", progress: 1, completed_segments: document.total_segments, completed_at: now(), born: null });
  const stage = STAGES[Math.min(4, Math.floor(age))];
  const progress = Math.min(0.99, age / 8);
  return Object.assign(document, {
    indexing_status: stage, display_status: stage === "waiting" ? "queuing" : "indexing", progress,
    completed_segments: stage === "indexing" ? Math.floor(document.total_segments * Math.max(0, (age - 4) / 4)) : 0,
  });
}

export function hits(segments, documents, query, method) {
  const words = query.toLowerCase().split(/\W+/).filter((word) => word.length > 2);
  const seen = new Set();
  return segments
    .filter((segment) => segment.enabled && documents.has(segment.document_id) && !seen.has(segment.content) && seen.add(segment.content))
    .map((segment) => {
      const highlights = [];
      for (const word of words) {
        for (const match of segment.content.toLowerCase().matchAll(new RegExp(word, "g"))) highlights.push([match.index, match.index + word.length]);
      }
      return { segment, document: documents.get(segment.document_id), score: Math.min(0.97, 0.31 + highlights.length * 0.11), highlights };
    })
    .filter(({ highlights }) => method === "semantic_search" || highlights.length > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, 4);
}

export function resourcesOf(records, dataset) {
  return records.map((record, index) => ({
    position: index + 1, dataset_id: dataset.id, dataset_name: dataset.name, document_id: record.document.id, document_name: record.document.name,
    data_source_type: "upload_file", segment_id: record.segment.id, retriever_from: "console", score: record.score, hit_count: 3,
    word_count: record.segment.word_count, segment_position: record.segment.position, content: record.segment.content,
  }));
}

/** Streams an answer word by word; a query with "error" fails in the middle, one with "slow" takes its time. */
export async function stream(response, { query, conversation, message, resources, stopped }) {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  const task = id();
  const send = (event) => response.write(`data: ${JSON.stringify({ ...event, conversation_id: conversation, message_id: message, task_id: task })}\n\n`);
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  response.write("event: ping\n\n");
  await wait(400);
  let answer = "";
  const words = ANSWER.match(/\S+\s*/g);
  for (const [index, word] of words.entries()) {
    if (stopped(task) || response.destroyed) break;
    if (query.includes("error") && index === 12) {
      response.end(`data: ${JSON.stringify({ event: "error", code: "provider_quota_exceeded", message: "The model provider refuses: its quota is used up.", status: 429, hint: "Choose another model in Settings → Models, or wait." })}\n\n`);
      return null;
    }
    answer += word;
    send({ event: "message", answer: word });
    await wait(query.includes("slow") ? 200 : 15);
  }
  send({ event: "message_end", metadata: { retriever_resources: resources, usage: { total_tokens: 420 } } });
  response.end();
  return answer;
}
