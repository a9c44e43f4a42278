using System.Buffers;
using System.Numerics;
using System.Text;
using System.Text.Json;
using AgentGrid.Agents.Motion;

namespace AgentGrid.Agents.Tests.Motion;

public sealed class FrameTextTests
{
    [Fact]
    public void Write_AnyPositions_AreTheShortestTextsOfTenthsOfAMillimetre()
    {
        var random = new Random(7);
        Vector3[] joints =
        [
            default, new(-0f, 0.00004f, -0.00004f), new(1, -1, 10), new(0.5f, -0.05f, 0.0501f), new(2_000.25f, -999.9999f, 0.1f),
            .. Enumerable.Range(0, 10_000).Select(_ => 20 * new Vector3(
                random.NextSingle() - 0.5f, random.NextSingle() - 0.5f, MathF.Pow(random.NextSingle(), 9))),
        ];
        var frames = new ArrayBufferWriter<byte>();

        FrameText.Write(frames, joints, isFirst: true);
        FrameText.Write(frames, joints.AsSpan(0, 2), isFirst: false);

        Assert.Equal(
            $"[[{string.Join(',', joints.Select(Text))}],[{Text(joints[0])},{Text(joints[1])}]",
            Encoding.UTF8.GetString(frames.WrittenSpan));
    }

    private static string Text(Vector3 joint) => JsonSerializer.Serialize((double[])
        [Round(joint.X), Round(joint.Y), Round(joint.Z)]);

    private static double Round(float metres) => Math.Round(metres * 10_000.0) / 10_000 + 0.0;
}
