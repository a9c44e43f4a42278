using System.Security.Cryptography;
using AgentGrid.Core.Agents;

namespace MyAgents;

/// <summary>Writes frames, and returns what stands for them.</summary>
[Agent("framer", Capabilities = ["frames"])]
public sealed class Framer : Agent<Framer.Input, Framer.Frames>
{
    public override async ValueTask<Frames> InvokeAsync(Input input, AgentInvocation invocation, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(RandomNumberGenerator.GetBytes(input.Count));
        return new Frames(await invocation.Artifacts.WriteAsync("frames", content, "application/octet-stream", cancellationToken));
    }

    public sealed record Input(int Count = 1_000_000);

    public sealed record Frames(ArtifactReference Bytes);
}

/// <summary>Reads them, in whatever step of the run.</summary>
[Agent("frame_reader", Capabilities = ["frame_reading"])]
public sealed class FrameReader : Agent<FrameReader.Input, FrameReader.Sum>
{
    public override async ValueTask<Sum> InvokeAsync(Input input, AgentInvocation invocation, CancellationToken cancellationToken)
    {
        await using var content = await invocation.Artifacts.OpenAsync(input.Frames, cancellationToken);
        return new Sum(content.Length, Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken)));
    }

    public sealed record Input(ArtifactReference Frames);

    public sealed record Sum(long Bytes, string Sha256);
}
