import { useState, type FormEvent } from "react";
import { useLogin } from "@/features/identity/session";
import { Entrance } from "@/features/identity/entrance";
import { Button } from "@/shared/ui/button";
import { Check, TextField } from "@/shared/ui/field";
import { Problem } from "@/shared/ui/states";

export default function LoginPage() {
  const login = useLogin();
  const [email, setEmail] = useState(() => String((window.history.state as { email?: string } | null)?.email ?? ""));
  const [password, setPassword] = useState("");
  const [remember, setRemember] = useState(true);

  function submit(event: FormEvent) {
    event.preventDefault();
    login.mutate({ email: email.trim(), password, remember_me: remember });
  }

  return (
    <Entrance title="Log in" about="Welcome back. Log in to your workspace.">
      <form className="stack" onSubmit={submit}>
        <TextField label="Email" type="email" name="email" autoComplete="username" required autoFocus={email === ""} value={email} onChange={setEmail} />
        <TextField label="Password" type="password" name="password" autoComplete="current-password" required autoFocus={email !== ""} value={password} onChange={setPassword} />
        <Check label="Stay logged in" checked={remember} onChange={setRemember} />
        <Problem error={login.error} />
        <Button kind="primary" type="submit" busy={login.isPending}>Log in</Button>
      </form>
    </Entrance>
  );
}
