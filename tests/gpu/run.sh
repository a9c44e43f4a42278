#!/usr/bin/env bash
# The kind onnx on a machine with an NVIDIA GPU: what the CPU cannot show. Builds the silo with the ONNX Runtime for CUDA, starts it
# with the GPUs that NVML finds, and says what it checks. At most eight minutes, without the build. Elsewhere it says why it is skipped.
#
#   tests/gpu/run.sh                    needs the .NET SDK, python3, a driver, CUDA 13 and cuDNN 9 (as in the image agentgrid-silo-gpu)
#   AGENTGRID_SILO=/app tests/gpu/run.sh   a folder in which AgentGrid.Silo.dll was built with -p:OnnxNative=cuda; nothing is built
#   AGENTGRID_GPU_REHEARSAL=1 tests/gpu/run.sh   on any machine: the script itself, with GPU memory that is declared, on the CPU
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
limit=480

skip() {
  echo "skipped: $*"
  exit 0
}

command -v python3 >/dev/null || skip 'there is no python3'
if [[ -z ${AGENTGRID_GPU_REHEARSAL:-} ]]; then
  command -v nvidia-smi >/dev/null || skip 'there is no nvidia-smi, so no NVIDIA driver'
  nvidia-smi --query-gpu=index,name,driver_version,memory.total,memory.used --format=csv || skip 'nvidia-smi finds no GPU'
  # What the provider links to; deploy/docker/onnxruntime-needs.txt has the whole list.
  for library in libcublasLt.so.13 libcudart.so.13 libcurand.so.10; do
    python3 -c "import ctypes; ctypes.CDLL('$library')" 2>/dev/null ||
      skip "the loader does not find $library: install CUDA 13, or add its folder to LD_LIBRARY_PATH"
  done
fi

scratch=$(mktemp -d)
silo=
trap '[[ -z $silo ]] || { kill "$silo" && wait "$silo"; } 2>/dev/null || true; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

program=${AGENTGRID_SILO:-}
if [[ -z $program ]]; then
  native=cuda
  [[ -z ${AGENTGRID_GPU_REHEARSAL:-} ]] || native=cpu
  echo "building the silo with OnnxNative=$native"
  dotnet publish "$here/../../silo/AgentGrid.Silo.csproj" -c Release "-p:OnnxNative=$native" -p:UseAppHost=false -o "$scratch/app" -v q
  program=$scratch/app
fi

arguments=()
[[ -z ${AGENTGRID_GPU_REHEARSAL:-} ]] || arguments=(--gpu-memory-mb 8000)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
ports=$(python3 -c 'import socket
a, b = socket.socket(), socket.socket()
a.bind(("127.0.0.1", 0)); b.bind(("127.0.0.1", 0))
print(a.getsockname()[1], b.getsockname()[1])')
read -r silo_port gateway_port <<<"$ports"
python3 "$here/models.py" "$scratch/config"
# NVML and nvidia-smi number GPUs by their place on the bus.
(cd "$scratch" && CUDA_DEVICE_ORDER=PCI_BUS_ID exec dotnet "$program/AgentGrid.Silo.dll" \
  --config "$scratch/config" --data "$scratch/data" --urls "http://127.0.0.1:$port" \
  --silo-port "$silo_port" --gateway-port "$gateway_port" ${arguments[@]+"${arguments[@]}"} >"$scratch/silo.log" 2>&1) &
silo=$!

code=0
timeout -k 10 "$limit" python3 "$here/check.py" "http://127.0.0.1:$port" "$scratch/config" "$scratch/silo.log" "$silo" || code=$?
if [[ $code -ne 0 ]]; then
  echo "failed ($code; 124 is the limit of $limit seconds); the end of the silo's log:"
  tail -n 60 "$scratch/silo.log"
fi
exit "$code"
