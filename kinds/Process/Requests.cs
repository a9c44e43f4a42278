using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Kinds.Process;

/// <summary>Writes requests, JSON-RPC 2.0, each of them one line.</summary>
internal sealed class Requests : IDisposable
{
    private static readonly SearchValues<byte> s_lineBreaks = SearchValues.Create("\r\n"u8);

    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _writer;

    public Requests() => _writer = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true });

    /// <summary>What a process is told first.</summary>
    public static byte[] Initialize(string agent, int maxOutputBytes) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocol":1,"agent":"{{{agent}}}","max_output_bytes":{{{maxOutputBytes}}}}}{{{'\n'}}}"""));

    /// <summary>Nobody waits for a request any more.</summary>
    public static byte[] Cancel(long id) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"jsonrpc":"2.0","method":"cancel","params":{"id":{{{id}}}}}{{{'\n'}}}"""));

    /// <summary>An attempt. The input is put in as the text that it is; valid until the next call.</summary>
    /// <param name="paths">Files with the artifacts that the input refers to, by SHA-256; null where there are no artifacts.</param>
    public ReadOnlyMemory<byte> Run(long id, AgentInvocation invocation, Dictionary<string, string>? paths)
    {
        _buffer.ResetWrittenCount();
        _writer.Reset();
        _writer.WriteStartObject();
        _writer.WriteString("jsonrpc"u8, "2.0"u8);
        _writer.WriteNumber("id"u8, id);
        _writer.WriteString("method"u8, "run"u8);
        _writer.WriteStartObject("params"u8);
        _writer.WriteString("run_id"u8, invocation.RunId.Value);
        _writer.WriteString("match_id"u8, invocation.Key.MatchId);
        _writer.WriteString("round"u8, invocation.Key.Round);
        _writer.WriteString("agent"u8, invocation.Agent);
        _writer.WriteString("step"u8, invocation.Step);
        _writer.WriteNumber("attempt"u8, invocation.Attempt);
        _writer.WriteNumber("try"u8, invocation.Try);
        _writer.WriteString("idempotency_key"u8, invocation.IdempotencyKey);
        _writer.WriteString("deadline"u8, invocation.Deadline.UtcDateTime);
        if (invocation.Gpu is { } gpu)
        {
            _writer.WriteNumber("gpu"u8, gpu);
        }
        if (invocation.TraceParent is { } trace)
        {
            _writer.WriteString("traceparent"u8, trace);
        }
        if (paths is not null)
        {
            WriteArtifacts(invocation.Artifacts.Folder, paths);
        }
        _writer.WritePropertyName("input"u8);
        _writer.Flush();
        Splice(invocation.Input.Utf8.Span);
        _buffer.Write("}}\n"u8);
        return _buffer.WrittenMemory;
    }

    public void Dispose() => _writer.Dispose();

    private void WriteArtifacts(string folder, Dictionary<string, string> paths)
    {
        _writer.WriteStartObject("artifacts"u8);
        _writer.WriteString("folder"u8, folder);
        _writer.WriteStartObject("inputs"u8);
        foreach (var (sha256, path) in paths)
        {
            _writer.WriteString(sha256, path);
        }
        _writer.WriteEndObject();
        _writer.WriteEndObject();
    }

    // A line break can only stand between tokens, where a space means the same.
    private void Splice(ReadOnlySpan<byte> json)
    {
        var target = _buffer.GetSpan(json.Length)[..json.Length];
        json.CopyTo(target);
        _buffer.Advance(json.Length);
        while (target.IndexOfAny(s_lineBreaks) is >= 0 and var at)
        {
            target[at] = (byte)' ';
            target = target[(at + 1)..];
        }
    }
}
