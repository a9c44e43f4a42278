using System.Text.Json;
using AgentGrid.Cluster.Tests.Histories;

namespace AgentGrid.Cluster.Tests.Partitions;

/// <summary>What agents have written down (tests/Recorder).</summary>
internal static class Recorded
{
    /// <param name="folder">With a file for each process.</param>
    /// <param name="gone">Processes that have ended, and when: so has all that ran there.</param>
    public static IEnumerable<Invocation> Read(string folder, IReadOnlyDictionary<int, long> gone)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            var process = int.Parse(Path.GetFileNameWithoutExtension(file));
            var found = new Dictionary<string, Invocation>();
            foreach (var line in Lines(file))
            {
                var token = $"{line.GetProperty("token")}";
                var at = line.GetProperty("at").GetInt64();
                found[token] = $"{line.GetProperty("what")}" == "begin"
                    ? Begun(process, token, line, at, gone.GetValueOrDefault(process, History.Never))
                    : found[token] with { End = at, Done = line.GetProperty("done").GetBoolean() };
            }
            foreach (var invocation in found.Values)
            {
                yield return invocation;
            }
        }
    }

    private static Invocation Begun(int process, string token, JsonElement line, long at, long gone) => new(
        process, token, $"{line.GetProperty("agent")}", $"{line.GetProperty("run")}", $"{line.GetProperty("step")}",
        line.GetProperty("attempt").GetInt32(),
        line.GetProperty("gpu") is { ValueKind: JsonValueKind.Number } gpu ? gpu.GetInt32() : null, at, gone, false,
        line.GetProperty("seen").EnumerateObject().ToDictionary(s => s.Name, s => $"{s.Value}"),
        line.GetProperty("left").GetDouble());

    // A process that was killed, or writes just now, has left half of a line.
    private static IEnumerable<JsonElement> Lines(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = reader.ReadToEnd();
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonElement.Parse(l));
    }
}
