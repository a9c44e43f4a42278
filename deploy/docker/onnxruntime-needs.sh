#!/usr/bin/env bash
# Writes onnxruntime-needs.txt: what ONNX Runtime for NVIDIA GPUs links to, in the version of Directory.Packages.props.
# Tests hold the Dockerfile's CUDA and cuDNN against that file, so that they need not download the package: 245 MB, and
# 540 MB unpacked. This script does, into NuGet's folder, where the tests compare the file with it. Needs readelf, which
# is in binutils.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

package=Microsoft.ML.OnnxRuntime.Gpu.Linux
version=$(sed -nE "s/.*\"$package\" Version=\"([^\"]+)\".*/\1/p" ../../Directory.Packages.props)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/needs.csproj" <<EOF
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
  </PropertyGroup>
  <ItemGroup>
    <PackageDownload Include="$package" Version="[$version]" />
  </ItemGroup>
</Project>
EOF
dotnet restore "$scratch/needs.csproj"
folder=$(dotnet msbuild "$scratch/needs.csproj" -getProperty:NuGetPackageRoot)
cd "$folder/${package,,}/$version/runtimes/linux-x64/native"
{
  echo "# What the libraries of $package $version link to, written by onnxruntime-needs.sh."
  for library in libonnxruntime_providers_cuda.so libonnxruntime_providers_tensorrt.so; do
    readelf -d "$library" | sed -nE "s/.*\(NEEDED\).*\[(.*)\]/$library: \1/p"
  done
} >"$OLDPWD/onnxruntime-needs.txt"
