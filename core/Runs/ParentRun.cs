using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>
/// The attempt whose work a run is: one of a step with <c>plan</c>. The key and the id of the run follow from it, so that whoever
/// posts it again, after a crash or on another machine, finds it.
/// </summary>
/// <param name="Run">The run that called its plan.</param>
/// <param name="Step">The step there.</param>
/// <param name="Attempt">The attempt of the step; its numbers are never used again.</param>
/// <param name="Depth">How many runs are above it: 1 for a child of a run that was posted.</param>
/// <param name="StartedAt">When the attempt was started.</param>
public sealed record ParentRun(RunId Run, string Step, int Attempt, int Depth, DateTimeOffset StartedAt)
{
    /// <summary>How many runs can be above another: what plans say of each other can change while runs go on.</summary>
    public const int MaxDepth = Plan.MaxCallDepth;

    /// <summary>What the <c>match_id</c> of a child begins with, and that of no run which is posted.</summary>
    public const string KeyPrefix = "child-of:";

    /// <summary>What the child is idempotent by.</summary>
    [JsonIgnore]
    public RunKey ChildKey => new($"{KeyPrefix}{Run}/{Step}/{Attempt}", "1");

    /// <summary>The id of the child. As others it sorts by time; the rest of it is a hash of the key in place of chance.</summary>
    [JsonIgnore]
    public RunId ChildId
    {
        get
        {
            Span<byte> id = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(Encoding.UTF8.GetBytes(ChildKey.MatchId), id);
            id = id[..16];
            var version = (byte)(0x70 | (id[6] & 0x0f));
            var variant = (byte)(0x80 | (id[8] & 0x3f));
            BinaryPrimitives.WriteUInt64BigEndian(id, ((ulong)StartedAt.ToUnixTimeMilliseconds() << 16) | ((ulong)version << 8) | id[7]);
            id[8] = variant;
            return RunId.From(new Guid(id, bigEndian: true));
        }
    }
}
