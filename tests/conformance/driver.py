"""The adapter through which the recorded OTP scenarios are replayed; on the public API alone.

`otp/DRIVER.md` says what it has to offer. What the trace shows comes from the one observer of the
tree; results are what the calls return or raise.
"""

# The replay is found only by whoever loads this file, so that its names have no types here.
# pyright: reportMissingImports=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import functools
import math
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from replay import (  # type: ignore[import-not-found]  # by whoever loads this
    ScriptCrash,
    ScriptShutdown,
    StartFailed,
)

import trioharness as th

UNSUPPORTED = {
    # trio cancels a start that is under way; OTP lets it finish before it stops.
    "stop_during_start",
    # A component that returns while it is being stopped has stopped; OTP tells the two apart.
    "normal_on_shutdown",
}

Spec = dict[str, Any]
Result = dict[str, Any]

RUNNING: Result = {"ok": "running"}
IGNORED: Result = {"ok": "ignored"}
DONE: Result = {"ok": "done"}
STATUS = {"ready": "running", "starting": "running", "stopping": "running"}


def error(code: str) -> Result:
    return {"error": code}


def make_driver(script: Any, emit: Callable[[list[object]], None], nursery: trio.Nursery) -> Driver:
    return Driver(script, emit, nursery)


class Driver:
    def __init__(
        self, script: Any, emit: Callable[[list[object]], None], nursery: trio.Nursery
    ) -> None:
        self.script = script
        self.emit = emit
        self.nursery = nursery
        self.specs: dict[str, Spec] = {}
        self.top: th.Supervisor | None = None
        self.root: th.Child[Any] | None = None
        self.ended = trio.Event()

    async def start(self, tree: Spec) -> Result:
        self.top = await self.nursery.start(self.run_top)
        try:
            options, component = self.child(tree, "root", root=True)
        except th.ConfigurationError:
            return error("bad_spec")
        assert self.top is not None
        try:
            self.root = await self.top.start(component, name="root", **options)
        except th.StartFailed as failed:
            names = failed.path.split("/")
            return {**error("start_failed"), "failed": names[2:]}
        except Exception:
            return {**error("start_failed"), "failed": []}
        return IGNORED if self.root.state == "stopped" else RUNNING

    async def run_top(self, *, task_status: trio.TaskStatus[th.Supervisor]) -> None:
        async with th.open_supervisor("top", stay=True, observer=self.observe) as supervisor:
            task_status.started(supervisor)

    def child(self, spec: Spec, path: str, *, root: bool = False) -> tuple[dict[str, Any], Any]:
        """Return the options of a child and its component."""
        supervises = root or spec.get("type") == "supervisor"
        if not root and spec.get("type", "worker") not in ("worker", "supervisor"):
            raise th.ConfigurationError("type", repr(spec["type"]), "worker or supervisor")
        self.specs[path] = spec
        options: dict[str, Any] = {
            "restart": "temporary" if root else spec.get("restart", "permanent"),
            "grace": math.inf if root else grace_of(spec, supervises=supervises),
            "significant": spec.get("significant", False),
        }
        if not supervises:
            return options, functools.partial(self.worker, path)
        if spec.get("strategy") == "simple_one_for_one":
            return options, functools.partial(self.supervisor, path, self.pool(spec, path))
        group = th.Group(
            path.rpartition("/")[2],
            [self.spec(child, path) for child in spec.get("children", ())],
            strategy=spec.get("strategy", "one_for_one"),
            max_restarts=spec.get("intensity", 1),
            within=spec.get("period", 5),
            auto_shutdown=spec.get("auto_shutdown", "never"),
            exhausted="shutdown",
            stay=True,
            cancel_grace=math.inf,
        )
        return options, functools.partial(self.supervisor, path, group)

    def spec(self, child: Spec, parent: str) -> th.Spec:
        if "id" not in child:
            raise th.ConfigurationError("spec", "it has no id", "give it one")
        options, component = self.child(child, f"{parent}/{child['id']}")
        return th.Spec(component, name=child["id"], **options)

    def pool(self, spec: Spec, path: str) -> th.Pool:
        templates = spec.get("children", ())
        if len(templates) != 1:
            raise th.ConfigurationError("pool", "it has no template", "give one")
        options, _ = self.child(templates[0], f"{path}/*")
        component = functools.partial(self.instance, path, templates[0])
        return th.Pool(
            path.rpartition("/")[2],
            th.Spec(component, name=templates[0]["id"], **options),
            max_restarts=spec.get("intensity", 1),
            within=spec.get("period", 5),
            exhausted="shutdown",
            cancel_grace=math.inf,
            auto_shutdown=spec.get("auto_shutdown", "never"),
        )

    async def begin(self, path: str) -> None:
        match await self.script.starting(path):
            case "fail":
                raise StartFailed
            case "ignore":
                raise th.Ignore
            case _:
                pass

    async def worker(self, path: str, *, task_status: th.TaskStatus[None]) -> None:
        await self.begin(path)
        task_status.started()
        try:
            await self.script.working(path)
        except ScriptShutdown as shutdown:
            raise th.Shutdown(shutdown.term) from None
        except trio.Cancelled:
            async with th.cleanup():  # noqa: ASYNC102 - this is the shield with a deadline
                await self.script.closing(path)  # noqa: ASYNC102
            raise

    async def supervisor(  # noqa: ASYNC128 - what it runs says it
        self,
        path: str,
        supervisor: Callable[..., Awaitable[None]],
        *,
        task_status: th.TaskStatus[Any],
    ) -> None:
        await self.begin(path)
        await supervisor(task_status=task_status)

    async def instance(  # noqa: ASYNC128 - what it runs says it
        self, pool: str, spec: Spec, name: str, *, task_status: th.TaskStatus[Any]
    ) -> None:
        path = f"{pool}/{name}"
        if spec.get("type") == "supervisor":
            _, component = self.child(spec, path)
            await component(task_status=task_status)
        else:
            self.specs[path] = spec
            await self.worker(path, task_status=task_status)

    def observe(self, event: th.Event) -> None:
        match event:
            case th.ChildReady(path=path):
                self.emit(["start", plain(path), "ok"])
            case th.ChildEnded(path=path, ready=False, exit=th.Ignored()):
                self.emit(["start", plain(path), "ignore"])
            case th.ChildEnded(path=path, ready=False, exit=th.Crashed()):
                self.emit(["start", plain(path), "fail"])
            case th.ChildEnded(path=path, exit=exit):
                self.emit(["stop", plain(path), *cause_of(exit)])
            case th.GaveUp(path=path, why=why):
                self.emit(["giveup", plain(path), why])
            case _:
                pass

    async def supervisors(self) -> list[str]:
        return sorted(self.running_supervisors())

    def running_supervisors(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.root is not None and self.root.state == "ready":
            self.add_supervisors("root", self.root, found)
        return found

    def add_supervisors(self, path: str, child: th.Child[Any], found: dict[str, Any]) -> None:
        if child.state != "ready" or not isinstance(child.value, th.Supervisor | th.PoolSupervisor):
            return
        found[path] = child.value
        for name, below in child.value.children.items():
            self.add_supervisors(f"{path}/{name}", below, found)

    def at(self, path: str) -> Any:
        return self.running_supervisors()[path]

    async def shutdown(self) -> None:
        assert self.root is not None
        await self.root.stop("told to")

    async def kill(self, path: str) -> None:
        parent, _, name = path.rpartition("/")
        child = self.root if path == "root" else self.at(parent).children[name]
        assert child is not None
        child.kill()

    async def start_child(self, sup: str, spec: Spec) -> Result:
        if "id" not in spec:
            return error("bad_spec")
        known = dict(self.specs)
        result = await self.try_start(sup, spec)
        if "error" in result and result["error"].startswith("already"):
            self.specs = known
        return result

    async def try_start(self, sup: str, spec: Spec) -> Result:
        try:
            options, component = self.child(spec, f"{sup}/{spec['id']}")
            child = await self.at(sup).start(component, name=spec["id"], **options)
        except th.ChildExists as exists:
            state = STATUS.get(exists.state)
            return error("already_started" if state == "running" else "already_present")
        except th.ConfigurationError:
            return error("bad_spec")
        except th.SupervisorClosed:
            return error("noproc")
        except Exception:
            return error("start_failed")
        return RUNNING if child.state == "ready" else IGNORED

    async def start_instance(self, sup: str, name: str) -> Result:
        try:
            child = await self.at(sup).start(name, name=name)
        except th.SupervisorClosed:
            return error("noproc")
        except Exception:
            return error("start_failed")
        return RUNNING if child.state == "ready" else IGNORED

    async def terminate_child(self, sup: str, ident: str) -> Result:
        return await self.ask(sup, ident, lambda child: child.stop())

    async def terminate_instance(self, sup: str, name: str) -> Result:
        child = self.at(sup).children.get(name)
        if child is not None:
            await child.stop()
        return DONE

    async def restart_child(self, sup: str, ident: str) -> Result:
        return await self.ask(sup, ident, lambda child: child.start(), started=True)

    async def delete_child(self, sup: str, ident: str) -> Result:
        return await self.ask(sup, ident, lambda child: child.delete())

    async def ask(
        self,
        sup: str,
        ident: str,
        call: Callable[[th.Child[Any]], Awaitable[None]],
        *,
        started: bool = False,
    ) -> Result:
        supervisor = self.at(sup)
        if isinstance(supervisor, th.PoolSupervisor):
            return error("simple_one_for_one")
        try:
            child = supervisor.children.get(ident) or await supervisor.child(ident)
            await call(child)
        except th.ChildNotFound:
            return error("not_found")
        except th.ChildNotStopped as running:
            return error(STATUS.get(running.state, "restarting"))
        except th.SupervisorClosed:
            return error("noproc")
        except Exception:
            return error("start_failed")
        if not started:
            return DONE
        return RUNNING if child.state == "ready" else IGNORED

    async def get_childspec(self, sup: str, ident: str) -> Result:
        supervisor = self.at(sup)
        if isinstance(supervisor, th.PoolSupervisor):
            return error("simple_one_for_one")
        try:
            child = await supervisor.child(ident)
        except th.ChildNotFound:
            return error("not_found")
        kind = self.specs[f"{sup}/{ident}"].get("type", "worker")
        return {"ok": {"id": child.name, "type": kind, **described(child.options)}}

    async def which_children(self, sup: str) -> list[list[str]]:
        supervisor = self.at(sup)
        await supervisor.settled()
        return [
            [name, status_of(child), self.specs[f"{sup}/{name}"].get("type", "worker")]
            for name, child in supervisor.children.items()
        ]

    async def count_children(self, sup: str) -> dict[str, int]:
        rows = await self.which_children(sup)
        pool = isinstance(self.at(sup), th.PoolSupervisor)
        return {
            "specs": 1 if pool else len(rows),
            "active": sum(row[1] == "running" for row in rows),
            "supervisors": sum(row[2] == "supervisor" for row in rows),
            "workers": sum(row[2] == "worker" for row in rows),
        }


def plain(path: str) -> str:
    return path.removeprefix("top/")


def status_of(child: th.Child[Any]) -> str:
    state = str(child.state)
    return STATUS.get(state, "restarting" if state == "restarting" else "stopped")


def grace_of(spec: Spec, *, supervises: bool) -> float:
    match spec.get("shutdown", "infinity" if supervises else 5000):
        case "brutal_kill":
            return 0.0
        case "infinity":
            return math.inf
        case int(milliseconds):
            return milliseconds / 1000
        case other:
            raise th.ConfigurationError("shutdown", repr(other), "brutal_kill, infinity or ms")


def described(options: th.Options) -> Spec:
    match options.grace:
        case 0:
            shutdown: object = "brutal_kill"
        case math.inf:
            shutdown = "infinity"
        case seconds:
            shutdown = round(seconds * 1000)
    return {
        "restart": options.restart,
        "shutdown": shutdown,
        "significant": options.significant,
    }


def cause_of(exit: th.Exit) -> list[object]:
    match exit:
        case th.Returned():
            return ["normal"]
        case th.Crashed(error=th.ChildKilled()) | th.Stopped(killed=True):
            return ["killed"]
        case th.Crashed(error=th.RestartLimitExceeded()):
            return ["shutdown"]
        case (
            th.Stopped(error=ScriptCrash(reason=reason))
            | th.Crashed(error=ScriptCrash(reason=reason))
        ):
            return ["crash", reason]
        case th.ShutDown(term=term):
            return ["shutdown"] if term is None else ["shutdown", term]
        case _:
            return ["shutdown"]
