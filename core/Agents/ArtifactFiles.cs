using System.Text.Json;

namespace AgentGrid.Core.Agents;

/// <summary>
/// For agents that are told of artifacts by paths: processes. One writes a file to <see cref="IArtifacts.Folder"/> and puts
/// <c>{"$artifact": {"file": ..., "name": ..., "media_type": ...}}</c> into its output, where the reference is to be.
/// </summary>
public static class ArtifactFiles
{
    /// <summary>The files with what an input refers to, by SHA-256; those that the run does not have are left out.</summary>
    /// <exception cref="AgentException">As of <see cref="IArtifacts.PathAsync"/>.</exception>
    public static async ValueTask<Dictionary<string, string>> PathsAsync(
        Json input, IArtifacts artifacts, CancellationToken cancellationToken)
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var reference in ArtifactReference.In(input).DistinctBy(static r => r.Sha256))
        {
            try
            {
                paths[reference.Sha256] = await artifacts.PathAsync(reference, cancellationToken).ConfigureAwait(false);
            }
            catch (AgentException e) when (e.Code == ArtifactCodes.NotFound)
            {
                // The agent may not want it.
            }
        }
        return paths;
    }

    /// <summary>Keeps the files that an output names, and puts references in their places.</summary>
    /// <exception cref="AgentException">As of <see cref="IArtifacts.KeepFileAsync"/>.</exception>
    public static async ValueTask<Json> KeepAsync(Json output, IArtifacts artifacts, CancellationToken cancellationToken)
    {
        if (!ArtifactReference.MayBeIn(output))
        {
            return output;
        }
        var kept = new Dictionary<string, ArtifactReference>(StringComparer.Ordinal);
        foreach (var inside in In(output.Element))
        {
            // The same file can be named more than once.
            if (!kept.ContainsKey(FileOf(inside)))
            {
                kept[FileOf(inside)] = await artifacts.KeepFileAsync(
                    ArtifactReference.Text(inside, "name") ?? "", FileOf(inside),
                    ArtifactReference.Text(inside, "media_type") ?? "", cancellationToken).ConfigureAwait(false);
            }
        }
        return kept.Count == 0 ? output : Json.Build(writer => Write(writer, output.Element, kept));
    }

    private static void Write(Utf8JsonWriter writer, JsonElement element, Dictionary<string, ArtifactReference> kept)
    {
        if (ArtifactReference.Inside(element) is { } inside && IsFile(inside))
        {
            kept[FileOf(inside)].WriteTo(writer);
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            writer.WriteStartObject();
            foreach (var member in element.EnumerateObject())
            {
                writer.WritePropertyName(member.Name);
                Write(writer, member.Value, kept);
            }
            writer.WriteEndObject();
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            writer.WriteStartArray();
            foreach (var item in element.EnumerateArray())
            {
                Write(writer, item, kept);
            }
            writer.WriteEndArray();
        }
        else
        {
            Json.Write(writer, element);
        }
    }

    private static IEnumerable<JsonElement> In(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object when ArtifactReference.Inside(element) is { } inside && IsFile(inside) => [inside],
        JsonValueKind.Object => element.EnumerateObject().SelectMany(static m => In(m.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(In),
        _ => [],
    };

    private static bool IsFile(JsonElement inside) => inside.TryGetProperty("file", out _);

    private static string FileOf(JsonElement inside) => ArtifactReference.Text(inside, "file") ?? "";
}
