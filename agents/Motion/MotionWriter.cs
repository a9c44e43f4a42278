using System.Buffers;
using System.Numerics;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Motion;

/// <summary>Animates directions, and writes the frames as they are posed.</summary>
internal static class MotionWriter
{
    // Often enough that a cancelled attempt gives its slot back within a millisecond or two.
    private const int FramesPerCheck = 16;

    /// <param name="breathing">Whether the chest moves while nothing else does.</param>
    public static Json Write(
        MotionDirections directions, bool breathing, AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var fps = directions.Fps;
        var frames = Math.Max(1, (int)Math.Round(directions.Duration * fps));
        var pulses = PeekSchedule.Plan(
            PeekSchedule.Within(directions.Peeks, directions.Start, frames, fps), directions.Tempo, fps);
        var buffer = new ArrayBufferWriter<byte>(1024 + frames * Skeleton.Count * 24);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        WriteHead(writer, directions, invocation.Agent, frames, pulses.Select(p => p.Apex));
        writer.WritePropertyName("frames");
        writer.Flush();
        var breathsPerSecond = breathing ? 0.25 + 0.25 * directions.Pressure : 0;
        Span<Vector3> joints = stackalloc Vector3[Skeleton.Count];
        var next = 0;
        for (var frame = 0; frame < frames; frame++)
        {
            if (frame % FramesPerCheck == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
            Report(invocation.Progress, frame, frames);
            var time = frame / fps;
            while (next < pulses.Length - 1 && time > pulses[next].End)
            {
                next++;
            }
            var exposure = pulses.IsEmpty ? 0 : pulses[next].At(time);
            var breath = Math.Sin(2 * Math.PI * breathsPerSecond * time);
            BodyPose.Solve((float)exposure, (float)breath, joints);
            FrameText.Write(buffer, joints, isFirst: frame == 0);
        }
        buffer.Write("]}"u8);
        return Json.Sound(buffer.WrittenMemory);
    }

    // Twice, a third of the way apart: enough to see it move, too little to fill a journal.
    private static void Report(IAgentProgress progress, int frame, int frames)
    {
        if (frame > 0 && (frame == frames / 3 || frame == frames * 2 / 3))
        {
            progress.Report((double)frame / frames, $"{frame} of {frames} frames");
        }
    }

    private static void WriteHead(
        Utf8JsonWriter writer, MotionDirections directions, string generator, int frames, IEnumerable<double> peeks)
    {
        writer.WriteString("generator", generator);
        if (directions.Player is not null)
        {
            writer.WriteString("player", directions.Player);
        }
        writer.WriteNumber("start", Math.Round(directions.Start, 4));
        writer.WriteNumber("fps", directions.Fps);
        writer.WriteNumber("duration", directions.Duration);
        writer.WriteNumber("frame_count", frames);
        writer.WriteStartArray("joints");
        foreach (var joint in Skeleton.Joints)
        {
            writer.WriteStringValue(joint);
        }
        writer.WriteEndArray();
        writer.WriteStartArray("parents");
        foreach (var parent in Skeleton.Parents)
        {
            writer.WriteNumberValue(parent);
        }
        writer.WriteEndArray();
        writer.WriteStartArray("peeks");
        foreach (var peek in peeks)
        {
            writer.WriteNumberValue(Math.Round(peek, 4));
        }
        writer.WriteEndArray();
    }
}
