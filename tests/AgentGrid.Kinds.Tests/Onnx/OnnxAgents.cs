using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Onnx;
using AgentGrid.Kinds.Tests.Http;
using AgentGrid.Kinds.Tests.Process;
using AgentGrid.TestKit;

namespace AgentGrid.Kinds.Tests.Onnx;

/// <summary>Agents of the kind <c>onnx</c> with a configuration folder of their own.</summary>
internal sealed class OnnxAgents : IDisposable
{
    private readonly Scratch _folder = new();

    public string Folder => _folder.Folder;

    public TestLog Log { get; } = new();

    /// <summary>Of agents that are made from now on.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <inheritdoc cref="Time"/>
    public bool LeasesGpuMemory { get; set; }

    public string Write(string name, byte[] model)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, model);
        return path;
    }

    /// <summary>An agent that computes a model, with these keys besides.</summary>
    public IKindAgent Of(byte[] model, string keys = "inputs: { x: input.x }", string resources = "", string name = "tested")
    {
        Write("tested.onnx", model);
        return Of($"model: tested.onnx, {keys}{resources}", name);
    }

    public IKindAgent Of(string keys, string name = "tested")
    {
        var kind = new OnnxKind();
        var result = Agents.Read(kind, $"kind: onnx, {keys}");
        Assert.Empty(result.Problems);
        return kind.Create(result.Config!.Agents["tested"] with { Name = name }, Agents.Context(100_000, Log, Folder, Time, LeasesGpuMemory));
    }

    public void Dispose() => _folder.Dispose();
}
