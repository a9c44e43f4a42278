using System.Collections.Immutable;
using System.Text;
using AgentGrid.Core.Documents;

namespace AgentGrid.Engine.Configuration;

/// <summary>
/// What a configuration folder says: the text of each file, with what was in force in place of what cannot be read or
/// ought not to be gone, and a problem for each of those.
/// </summary>
internal sealed record FolderContent(ImmutableArray<ConfigFile> Files, ImmutableArray<ConfigProblem> Problems)
{
    private const int MaxMebibytes = 16;

    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    /// <param name="folder">Null for none.</param>
    /// <param name="inForce">Null at the start, when nothing is.</param>
    public static FolderContent Read(string? folder, ImmutableArray<ConfigFile>? inForce)
    {
        var files = ImmutableArray.CreateBuilder<ConfigFile>();
        var problems = ImmutableArray.CreateBuilder<ConfigProblem>();
        foreach (var entry in folder is null ? [] : FolderEntry.List(folder))
        {
            var trouble = entry.Trouble;
            if (trouble is null && !entry.IsGone && Text(entry.Path, out trouble) is { } text)
            {
                files.Add(new ConfigFile(entry.Name, text));
                continue;
            }
            ConfigFile[] kept = [.. (inForce ?? []).Where(f => entry.Holds(f.Name))];
            files.AddRange(kept);
            if (trouble is not null)
            {
                problems.Add(Unreadable(entry, trouble, inForce is null ? null : kept.Length > 0));
            }
            else if (kept.Length > 0)
            {
                problems.Add(Gone(entry));
            }
        }
        return new FolderContent(files.ToImmutable(), problems.ToImmutable());
    }

    /// <summary>Another one whenever something else is there to be read.</summary>
    public static string Fingerprint(string? folder) => folder is null
        ? ""
        : string.Join('|', FolderEntry.List(folder).Select(
            e => $"{e.Name}:{e.Trouble ?? (e.IsGone ? "gone" : Stamp(e.Path))}"));

    private static ConfigProblem Unreadable(FolderEntry entry, string trouble, bool? stays) => Problem(
        entry, ConfigCodes.Unreadable, $"'{entry.Name}' cannot be read: {trouble.TrimEnd('.')}." + stays switch
        {
            null => "",
            true => " What was read before stays in force.",
            false => " It is left out until it can be read.",
        });

    // Nobody means to take all limits from all agents at once, or all plans: rather, a volume is away, or a copy has
    // just begun.
    private static ConfigProblem Gone(FolderEntry entry) => Problem(entry, ConfigCodes.FileGone, entry.Name switch
    {
        FolderEntry.Agents => $"'{entry.Name}' has been removed; what it said stays in force. " +
            "To run all agents with their defaults, leave a file with 'agents: {}'.",
        FolderEntry.Plans => $"the folder '{entry.Name}' has been removed; its plans stay in force. " +
            "To run without plans, leave an empty folder.",
        _ => $"the folder '{entry.Path}' has been removed; what was read from it stays in force.",
    });

    private static ConfigProblem Problem(FolderEntry entry, string code, string message) =>
        new(entry.Name, 1, 1, "", code, message);

    private static string Stamp(string path) => Find(path, out var trouble) is { } file
        ? $"{file.FullName}:{file.LastWriteTimeUtc.Ticks}:{file.Length}"
        : trouble!;

    private static string? Text(string path, out string? trouble)
    {
        if (Find(path, out trouble) is not { } file)
        {
            return null;
        }
        try
        {
            return file.Length == 0 ? "" : Decode(File.ReadAllBytes(file.FullName));
        }
        catch (DecoderFallbackException e)
        {
            trouble = $"byte {e.Index + 1} is not UTF-8";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            trouble = e.Message;
        }
        return null;
    }

    // PowerShell writes UTF-16, with the mark by which it is known.
    private static string Decode(byte[] bytes) => bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]
        ? new StreamReader(new MemoryStream(bytes)).ReadToEnd()
        : s_utf8.GetString(bytes);

    // A link has a time and a length of its own. Kubernetes mounts a ConfigMap as links, and edits what they lead to.
    private static FileInfo? Find(string path, out string? trouble)
    {
        try
        {
            var target = File.ResolveLinkTarget(path, returnFinalTarget: true);
            var file = new FileInfo(target?.FullName ?? path);
            trouble = Directory.Exists(path) ? "it is a folder"
                : !file.Exists && target is null ? "it has just been removed"
                : !file.Exists ? $"it leads to '{target!.FullName}', which does not exist"
                : file.Length > MaxMebibytes * 1024 * 1024 ? $"it is larger than {MaxMebibytes} MiB"
                : null;
            if (trouble is null && file.Length > 0)
            {
                // Told is whoever must not read it. A pipe has no length, and opening it would wait for its other end.
                using var handle = File.OpenHandle(file.FullName);
            }
            return trouble is null ? file : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            trouble = e.Message;
            return null;
        }
    }
}
