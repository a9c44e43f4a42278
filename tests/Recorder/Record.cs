using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Recorder;

/// <summary>
/// The record of one process: a file in the folder <c>RECORDER_FOLDER</c>, a line for the begin and one for the end of each
/// invocation. A process that is killed has begun what it has not ended.
/// </summary>
internal static class Record
{
    private static readonly Lock s_gate = new();
    private static readonly Lazy<FileStream> s_file = new(Open);
    private static int s_count;

    public static async ValueTask<Json> WorkAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var token = $"{Environment.ProcessId}-{Interlocked.Increment(ref s_count).ToString(CultureInfo.InvariantCulture)}";
        var seen = invocation.Results.ToImmutableDictionary(r => r.Key, r => TokenIn(r.Value));
        Write(new
        {
            what = "begin",
            at = Stopwatch.GetTimestamp(),
            token,
            agent = invocation.Agent,
            run = invocation.RunId.ToString(),
            step = invocation.Step,
            attempt = invocation.Attempt,
            gpu = invocation.Gpu,
            seen,
            left = (invocation.Deadline - DateTimeOffset.UtcNow).TotalSeconds,
        });
        var done = false;
        try
        {
            await Task.Delay(invocation.Member("ms")?.GetInt32() ?? 0, cancellationToken);
            done = true;
            return Json.Parse($$"""{"token":"{{token}}"}""");
        }
        finally
        {
            Write(new { what = "end", at = Stopwatch.GetTimestamp(), token, done });
        }
    }

    // What waits for a signal has what was sent.
    private static string TokenIn(Json output) =>
        output.Element is { ValueKind: JsonValueKind.Object } o && o.TryGetProperty("token", out var token)
            ? $"{token}" : $"{output.Element}";

    private static void Write<T>(T line)
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line), (byte)'\n'];
        lock (s_gate)
        {
            s_file.Value.Write(bytes);
        }
    }

    private static FileStream Open()
    {
        var folder = Environment.GetEnvironmentVariable("RECORDER_FOLDER")
            ?? throw new InvalidOperationException("RECORDER_FOLDER names no folder.");
        var name = $"{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}.jsonl";
        return new FileStream(Path.Combine(folder, name), FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }
}
