"""Checks agents of the kind onnx on the GPUs of this machine, against a silo that runs, and says what it has seen."""
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

URL, CONFIG, LOG, PID = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
REHEARSAL = bool(os.environ.get("AGENTGRID_GPU_REHEARSAL"))
DEVICE = "auto" if REHEARSAL else "cuda"
MIB = 1 << 20
LONG = 32768
ENDLESS = 10**12
CONTEXT_MIB = 1200  # what CUDA and cuBLAS take for a process, beside what a model takes; generous
checked = 0
rounds = 0


def ok(what):
    global checked
    checked += 1
    print(f"ok: {what}", flush=True)


def fail(what):
    sys.exit(f"FAILED: {what}")


def check(condition, what, seen):
    if not condition:
        fail(f"{what}; seen: {seen}")
    ok(f"{what} ({seen})")


def request(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(f"{URL}/{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(call, timeout=30) as answer:
        return json.load(answer)


def until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    fail(f"{what}, within {seconds} s")


def post(agent, given):
    global rounds
    rounds += 1
    return request("api/v1/orchestrate", {
        "match_id": "gpu", "round": f"r{rounds}", "grid_snapshot": {},
        "plan": {"steps": {"a": {"agent": agent, "input": given, "timeout": "10m"}}}})["run_id"]


def run_of(run):
    return request(f"api/v1/runs/{run}")


def attempt(run):
    attempts = run_of(run)["steps"][0]["attempts"]
    return attempts[-1] if attempts else {}


def started(run):
    return "started_at" in attempt(run)


def end(run, seconds=90):
    return until(lambda: (d := run_of(run))["status"] in ("completed", "failed", "cancelled") and d, f"run {run} has not ended", seconds)


def succeed(agent, given, expected):
    done = end(post(agent, given))
    if done["status"] != "completed" or done["steps"][0]["output"] != expected:
        fail(f"'{agent}' was to answer {expected}: {json.dumps(done['steps'][0])[:2000]}")
    return done


def cancel(run):
    urllib.request.urlopen(urllib.request.Request(f"{URL}/api/v1/runs/{run}/cancel", b"", method="POST"), timeout=30).close()


def gpu(index=0):
    return next(g for g in request("api/v1/nodes")["nodes"][0]["gpus"] if g["index"] == index)


def log():
    with open(LOG, encoding="utf-8", errors="replace") as file:
        return file.read()


def smi(query):
    lines = subprocess.run(
        ["nvidia-smi", f"--query-{query}", "--format=csv,noheader,nounits"], check=True, capture_output=True, text=True).stdout
    return [[cell.strip() for cell in line.split(",")] for line in lines.splitlines() if line.strip()]


def configure(total_mib):
    # Two of these do not fit on one GPU. Queues let one GPU be meant, whichever there are.
    large = total_mib * 6 // 10
    inputs = "inputs: { x: input.x }"
    agents = {
        "double": f"model: models/double.onnx, {inputs}, batch: {{ max_size: 8, max_delay: 20ms }}, resources: {{ gpu_memory_mb: 512 }}",
        "heavy": f"model: models/heavy.onnx, {inputs}, resources: {{ gpu_memory_mb: 1024 }}",
        "hungry": f"model: models/hungry.onnx, {inputs}, resources: {{ gpu_memory_mb: 1024 }}",
        "loop": "model: models/loop.onnx, inputs: { n: input.n }, instances: 2, resources: { gpu_memory_mb: 2048 }",
        "first": f"model: models/loop.onnx, inputs: {{ n: input.n }}, resources: {{ gpu_memory_mb: {large} }}",
        "second": f"model: models/loop.onnx, inputs: {{ n: input.n }}, resources: {{ gpu_memory_mb: {large} }}",
        "third": f"model: models/double.onnx, {inputs}, resources: {{ gpu_memory_mb: {large} }}",
        "small_print": f"model: models/heavy.onnx, {inputs}, resources: {{ gpu_memory_mb: 100 }}",
    }
    with open(os.path.join(CONFIG, "agents.yaml"), "w", encoding="utf-8") as file:
        file.write("agents:\n" + "".join(f"  {name}: {{ kind: onnx, device: {DEVICE}, timeout: 10m, {keys} }}\n" for name, keys in agents.items()))
    until(lambda: {a["name"] for a in request("api/v1/agents")["agents"]} >= set(agents), "the agents are not known", 30)


def answers():
    """Attempts are computed on the GPU, in batches, and are right."""
    succeed("double", {"x": [[1, 2]]}, {"y": [[2, 4]]})
    placement = attempt(post_and_end("double", {"x": [[3, 4]]}))["placement"]
    check("gpu" in placement, "an attempt names its GPU", placement)
    runs = [(i, post("double", {"x": [[i, i]]})) for i in range(32)]
    for i, run in runs:
        done = end(run)
        if done["status"] != "completed" or done["steps"][0]["output"] != {"y": [[2 * i, 2 * i]]}:
            fail(f"attempt {i} of many at once: {json.dumps(done['steps'][0])[:2000]}")
    ok("32 attempts at once have their own answers")
    expected = "cpu" if REHEARSAL else "cuda:0"
    check(f"Agent 'double' has loaded its model on {expected}" in log(), f"the model is on {expected}", "log")
    if not REHEARSAL:
        check("device=\"cuda:0\"" in metrics(), "metrics name the device", "cuda:0")


def post_and_end(agent, given):
    run = post(agent, given)
    end(run)
    return run


def metrics():
    with urllib.request.urlopen(f"{URL}/metrics", timeout=30) as answer:
        return answer.read().decode()


def memory():
    """What NVML says of a model of 256 MiB lies between its weights and what the agent declares, beside the context."""
    before = gpu()["used_here_bytes"] // MIB
    succeed("heavy", {"x": [1]}, {"y": [[0]]})
    if REHEARSAL:
        print("left out: what NVML says, in a rehearsal")
        return
    used = until(lambda: (u := gpu()["used_here_bytes"] // MIB) >= before + 256 and u, "the weights are not in what the node uses", 20)
    check(used - before <= 1024 + CONTEXT_MIB, "a model of 256 MiB uses no more than its agent declares, 1,024 MiB", f"{used - before} MiB more")
    total = sum(int(m) for i, m in smi("gpu=index,memory.used") if i == "0")
    check(abs(total - (gpu()["used_here_bytes"] + gpu()["used_by_others_bytes"]) // MIB) <= 64, "the node's account is nvidia-smi's", f"{total} MiB")
    own = [int(m) for p, m in smi("compute-apps=pid,used_memory") if p == str(PID) and m.isdigit()]
    print(f"nvidia-smi says of the silo's process: {own or 'nothing; in a container its number is another one'}")


def shared_lease():
    """Attempts of one agent lease the memory of its model once, and cancellation stops a loop on the GPU."""
    runs = [post("loop", {"n": [ENDLESS]}) for _ in range(3)]
    until(lambda: all(started(r) for r in runs), "three attempts of one model do not run at once")
    check(gpu()["leased_bytes"] == 2048 * MIB, "three attempts of one agent lease its memory once", f"{gpu()['leased_bytes'] // MIB} MiB")
    for run in runs:
        cancel(run)
    for run in runs:
        if end(run)["status"] != "cancelled":
            fail(f"run {run} is not cancelled")
    until(lambda: gpu()["leased_bytes"] == 0, "memory is leased after the attempts have ended", 20)
    succeed("loop", {"n": [5]}, {"y": [5]})
    ok("cancelled attempts have stopped, their lease has ended, and the model works")


def two_that_do_not_fit():
    """The second of two models that do not fit on a GPU together waits for the first."""
    others = len(request("api/v1/nodes")["nodes"][0]["gpus"]) - 1
    holders = [post("first", {"n": [ENDLESS]})]
    until(lambda: started(holders[0]), "the first does not run")
    # Where there are several GPUs, the others are filled too: attempts of one agent go where the fewest are.
    for _ in range(others):
        holders.append(post("first", {"n": [ENDLESS]}))
    until(lambda: all(started(r) for r in holders), "the first does not run on every GPU")
    waiting = post("second", {"n": [5]})
    until(lambda: attempt(waiting), "the second is not asked for")
    time.sleep(3)
    if started(waiting):
        fail(f"the second runs beside the first: {attempt(waiting)}")
    for run in holders:
        cancel(run)
    check(end(waiting)["status"] == "completed", "the second waited for the first, and then ran", "3 s without a start")


def limit():
    """An attempt gets no more memory than the agent declares, and the next one works."""
    if REHEARSAL:
        print("left out: the limit of a GPU's memory, in a rehearsal")
        return
    succeed_rows("hungry", 16)
    done = end(post("hungry", {"x": [[1.0]] * LONG}))
    error = done["steps"][0]["attempts"][-1].get("error", {})
    check((done["status"], error.get("code"), error.get("retryable")) == ("failed", "out_of_memory", True),
          "4 GiB for an agent of 1 GiB is out_of_memory, and may be tried again", error.get("message", done["status"]))
    succeed_rows("hungry", 16)
    ok("the session that was made anew works")
    done = end(post("small_print", {"x": [1]}))
    error = done["steps"][0]["attempts"][-1].get("error", {})
    check(error.get("code") == "model_not_loaded" and "weights" in error.get("message", ""),
          "weights of 256 MiB for an agent of 100 MiB are refused", error.get("message", done["status"]))


def succeed_rows(agent, rows):
    done = end(post(agent, {"x": [[1.0]] * rows}))
    if done["status"] != "completed" or abs(done["steps"][0]["output"]["y"][0][0] - rows) > 0.1:
        fail(f"'{agent}' with {rows} rows: {json.dumps(done['steps'][0])[:2000]}")


def foreign():
    """Memory that a foreign process takes is not promised to an agent that has no model there yet."""
    if REHEARSAL:
        print("left out: a foreign process, in a rehearsal")
        return
    if len(request("api/v1/nodes")["nodes"][0]["gpus"]) > 1:
        print("left out: a foreign process, where there are several GPUs")
        return
    free = gpu()["total_bytes"] - gpu()["used_here_bytes"] - gpu()["used_by_others_bytes"]
    size = gpu()["total_bytes"] // 2
    if size > free - 512 * MIB:
        print(f"left out: a foreign process; of {gpu()['total_bytes'] // MIB} MiB only {free // MIB} are free")
        return
    others = gpu()["used_by_others_bytes"] + gpu()["used_here_bytes"]
    with subprocess.Popen(
            [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "hold_memory.py"), str(size)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        if holder.stdout.readline().strip() != "held":
            fail("the foreign process has no memory")
        until(lambda: gpu()["used_by_others_bytes"] + gpu()["used_here_bytes"] >= others + size * 9 // 10, "the node does not see the foreign process", 20)
        ok(f"the node sees the {size // MIB} MiB of a foreign process, as that of {'others' if gpu()['used_by_others_bytes'] >= size * 9 // 10 else 'its own: in a container processes cannot be told apart'}")
        waiting = post("third", {"x": [[1, 2]]})
        until(lambda: attempt(waiting), "the third is not asked for")
        time.sleep(3)
        if started(waiting):
            fail(f"an agent of 60% runs beside a foreign process of 50%: {attempt(waiting)}")
        holder.stdin.close()
        holder.wait(30)
    check(end(waiting)["status"] == "completed", "an agent that had no room ran when the foreign process had ended", "3 s without a start")


def alive():
    try:
        return request("api/v1/nodes")["nodes"]
    except (urllib.error.URLError, ConnectionError, OSError):
        return None


def main():
    until(alive, "the silo does not answer", 90)
    nodes = request("api/v1/nodes")["nodes"]
    check(bool(nodes[0].get("gpus")), "the node has GPUs", [f"{g['name']}, {g['total_bytes'] // MIB} MiB" for g in nodes[0].get("gpus", [])])
    configure(min(g["total_bytes"] for g in nodes[0]["gpus"]) // MIB)
    for part in (answers, memory, shared_lease, two_that_do_not_fit, limit, foreign):
        begun = time.monotonic()
        print(f"-- {part.__doc__}", flush=True)
        part()
        print(f"   {time.monotonic() - begun:.1f} s", flush=True)
    print(f"{checked} checks passed{' in a rehearsal, without a GPU' if REHEARSAL else ''}")


main()
