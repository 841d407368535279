import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { Entrance } from "@/features/identity/entrance";
import { passwordProblem } from "@/features/identity/password";
import { api } from "@/shared/api/client";
import { ApiError } from "@/shared/api/errors";
import { keys } from "@/shared/api/keys";
import type { Setup } from "@/shared/api/types";
import { Button } from "@/shared/ui/button";
import { TextField } from "@/shared/ui/field";
import { Problem } from "@/shared/ui/states";
import { useToasts } from "@/shared/ui/toast";

export default function SetupPage() {
  const client = useQueryClient();
  const toasts = useToasts();
  const [, navigate] = useLocation();
  const [form, setForm] = useState({ email: "", name: "", password: "", init_password: "" });
  const [checked, setChecked] = useState(false);
  const set = (part: Partial<typeof form>) => setForm({ ...form, ...part });
  const problem = checked ? passwordProblem(form.password) : null;

  const create = useMutation({
    mutationFn: () => api.post("/setup", { ...form, email: form.email.trim(), name: form.name.trim(), init_password: form.init_password || undefined }),
    onSuccess: () => {
      toasts.done("The administrator is created. Log in to begin.");
      client.setQueryData<Setup>(keys.setup, { step: "finished", setup_at: Math.floor(Date.now() / 1000) });
      navigate("/login", { replace: true, state: { email: form.email.trim() } });
    },
  });

  const refused = create.error instanceof ApiError && create.error.code === "init_validate_failed";
  const guarded = refused || form.init_password !== "";

  function submit(event: FormEvent) {
    event.preventDefault();
    setChecked(true);
    if (!passwordProblem(form.password)) create.mutate();
  }

  return (
    <Entrance title="Set up Homeport" about="Create the first administrator. Everything stays on this server.">
      <form className="stack" onSubmit={submit}>
        <TextField label="Name" name="name" autoComplete="name" required autoFocus maxLength={60} value={form.name} onChange={(name) => set({ name })} />
        <TextField label="Email" type="email" name="email" autoComplete="username" required value={form.email} onChange={(email) => set({ email })} />
        <TextField
          label="Password" type="password" name="password" autoComplete="new-password" required value={form.password} error={problem}
          hint={problem ? undefined : "At least 8 characters, letters and digits."} onChange={(password) => set({ password })}
        />
        {guarded && (
          <TextField
            label="Set-up password" type="password" name="init_password" autoComplete="off" required value={form.init_password}
            hint="The INIT_PASSWORD of this server." onChange={(init_password) => set({ init_password })}
          />
        )}
        <Problem error={create.error} />
        <Button kind="primary" type="submit" busy={create.isPending}>Create administrator</Button>
      </form>
    </Entrance>
  );
}
