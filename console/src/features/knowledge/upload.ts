import { ELSEWHERE } from "@/shared/api/base";
import { apiUrl, csrfToken } from "@/shared/api/client";
import { ApiError, problemFrom, UNREACHABLE } from "@/shared/api/errors";
import type { UploadAnswer } from "@/shared/api/types";

/** Sends one file; XMLHttpRequest, because fetch does not tell how much of a body has left. */
export function uploadFile(dataset: string, file: File, onProgress: (share: number) => void): Promise<UploadAnswer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", apiUrl(`/datasets/${dataset}/documents/upload`));
    request.withCredentials = ELSEWHERE;
    request.setRequestHeader("X-CSRF-Token", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total > 0) onProgress(event.loaded / event.total);
    };
    request.onerror = () => reject(new ApiError(UNREACHABLE));
    request.onload = () => {
      if (request.status < 200 || request.status >= 300) {
        reject(new ApiError(problemFrom(request.status, request.responseText)));
        return;
      }
      try {
        resolve(JSON.parse(request.responseText) as UploadAnswer);
      } catch {
        reject(new ApiError(problemFrom(request.status, request.responseText)));
      }
    };
    const form = new FormData();
    form.append("file", file, file.name);
    form.append("data", "{}");
    request.send(form);
  });
}
