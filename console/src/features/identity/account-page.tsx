import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { passwordProblem } from "@/features/identity/password";
import { useLogout, useSession } from "@/features/identity/session";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { Profile, SystemInfo } from "@/shared/api/types";
import { Button } from "@/shared/ui/button";
import { TextField } from "@/shared/ui/field";
import { Card, PageHead } from "@/shared/ui/page";
import { Loaded, Problem } from "@/shared/ui/states";
import { useToasts } from "@/shared/ui/toast";

export default function AccountPage() {
  const session = useSession();
  const logout = useLogout();
  const system = useQuery({
    queryKey: keys.system,
    queryFn: ({ signal }) => api.get<SystemInfo>("/system", {}, signal),
    staleTime: Infinity,
  });
  return (
    <div className="page" style={{ maxWidth: 720 }}>
      <PageHead
        title="Account" about="Your name and your password."
        actions={<Button icon="logout" busy={logout.isPending} onClick={() => logout.mutate()}>Log out of Homeport</Button>}
      />
      <Loaded query={session}>{(profile) => profile && <ProfileForm key={profile.name} profile={profile} />}</Loaded>
      <PasswordForm />
      {system.data && <p className="faint">Homeport {system.data.version}</p>}
    </div>
  );
}

function ProfileForm({ profile }: { profile: Profile }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [name, setName] = useState(profile.name);
  const save = useMutation({
    mutationFn: () => api.patch<Profile>("/account/profile", { name: name.trim() }),
    onSuccess: (saved) => {
      client.setQueryData(keys.session, saved);
      toasts.done("Your name is saved.");
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate();
  }

  return (
    <Card title="Profile">
      <form className="stack" onSubmit={submit}>
        <TextField label="Name" required maxLength={60} autoComplete="name" value={name} onChange={setName} />
        <TextField label="Email" type="email" readOnly disabled value={profile.email} onChange={() => undefined} />
        <Problem error={save.error} />
        <div><Button kind="primary" type="submit" busy={save.isPending} disabled={!name.trim() || name.trim() === profile.name}>Save name</Button></div>
      </form>
    </Card>
  );
}

function PasswordForm() {
  const toasts = useToasts();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const problem = next ? passwordProblem(next) : null;
  const save = useMutation({
    mutationFn: () => api.post("/account/password", { password: current, new_password: next }),
    onSuccess: () => {
      setCurrent("");
      setNext("");
      toasts.done("Your password is changed.");
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!problem) save.mutate();
  }

  return (
    <Card title="Password">
      <form className="stack" onSubmit={submit}>
        <TextField label="Current password" type="password" required autoComplete="current-password" value={current} onChange={setCurrent} />
        <TextField
          label="New password" type="password" required autoComplete="new-password" value={next} error={problem}
          hint={problem ? undefined : "At least 8 characters, letters and digits."} onChange={setNext}
        />
        <Problem error={save.error} />
        <div><Button kind="primary" type="submit" busy={save.isPending} disabled={!current || !next || problem !== null}>Change password</Button></div>
      </form>
    </Card>
  );
}
