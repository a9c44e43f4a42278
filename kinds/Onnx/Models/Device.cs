using System.Globalization;

namespace AgentGrid.Kinds.Onnx.Models;

/// <summary>What computes: a GPU, by its index, or the CPU.</summary>
/// <param name="Gpu">Null for the CPU.</param>
/// <param name="MayBeCpu">Whether the CPU does where the GPU cannot be used.</param>
internal readonly record struct Device(int? Gpu, bool MayBeCpu = false)
{
    public static readonly Device Cpu = new(null);

    public override string ToString() => Gpu is { } gpu ? string.Create(CultureInfo.InvariantCulture, $"cuda:{gpu}") : "cpu";
}
