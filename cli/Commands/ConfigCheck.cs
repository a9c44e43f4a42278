using System.Text.RegularExpressions;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;

namespace AgentGrid.Cli.Commands;

/// <summary>Checks folders and files as a server reads them; places are named as the caller named the files.</summary>
internal sealed partial class ConfigCheck(AgentCatalog catalog)
{
    private const string AgentsFile = "agents.yaml";
    private const string SchedulesFile = "schedules.yaml";

    // By the names that the reader of configuration knows files by: the path for people, and the text.
    private readonly List<Dictionary<string, (string Path, string Text)>> _folders = [];
    private readonly Dictionary<string, (string Path, string Text)> _loose = new(StringComparer.Ordinal);
    private readonly List<(string Path, string Text)> _inline = [];
    private readonly List<ConfigProblem> _problems = [];
    private readonly List<ConfigProblem> _warnings = [];
    private (string Path, string Text)? _besideAgents;

    public async Task AddAsync(string path, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
        {
            await AddFolderAsync(path, cancellationToken);
            return;
        }
        if (Path.GetFileName(path) == SchedulesFile && File.Exists(path))
        {
            // What it says is about the plans beside it.
            await AddFolderAsync(Path.GetDirectoryName(Path.GetFullPath(path))!, cancellationToken);
            return;
        }
        var text = await Files.ReadAsync(path, cancellationToken);
        if (Path.GetFileName(path) == AgentsFile)
        {
            _loose[AgentsFile] = (path, text);
        }
        else if (TopLevelSteps().IsMatch(text) || path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            _inline.Add((path, text));
        }
        else
        {
            _loose[$"plans/{_loose.Count}-{Path.GetFileNameWithoutExtension(path)}.yaml"] = (path, text);
            await LookBesideAsync(path, cancellationToken);
        }
    }

    public CheckReport Run()
    {
        var known = ConfigReader.Read([], catalog).Config ?? GridConfig.Empty;
        foreach (var files in _folders)
        {
            Read(files, ref known);
        }
        if (_loose.Count > 0)
        {
            // A plan alone is read with the agents.yaml that lies where a server would find it.
            var added = !_loose.ContainsKey(AgentsFile) && _besideAgents is not null;
            if (added)
            {
                _loose[AgentsFile] = _besideAgents!.Value;
            }
            Read(_loose, ref known, except: added ? _besideAgents!.Value.Path : null);
            if (added)
            {
                _loose.Remove(AgentsFile);
            }
        }
        foreach (var (path, text) in _inline)
        {
            var result = PlanReader.ReadFile("inline", new ConfigFile(path, text), known.Agents);
            _problems.AddRange(result.Problems);
            _warnings.AddRange(result.Warnings);
        }
        var count = _folders.Sum(f => f.Count) + _loose.Count + _inline.Count;
        return new CheckReport(_problems.Count == 0, count, [.. _problems], [.. _warnings]);
    }

    private async Task AddFolderAsync(string folder, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, (string Path, string Text)>(StringComparer.Ordinal);
        var found = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(f => Path.GetExtension(f).ToLowerInvariant() is ".yaml" or ".yml");
        foreach (var path in found.Order(StringComparer.Ordinal))
        {
            var name = Path.GetRelativePath(folder, path).Replace('\\', '/');
            files[name] = (path, await Files.ReadAsync(path, cancellationToken));
        }
        if (files.Count == 0)
        {
            throw CliException.Usage($"'{folder}' holds no YAML file: expected {AgentsFile} and plans/*.yaml.");
        }
        _folders.Add(files);
    }

    private async Task LookBesideAsync(string plan, CancellationToken cancellationToken)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(plan))!;
        var beside = Path.Combine(folder, "..", AgentsFile);
        if (Path.GetFileName(folder) == "plans" && File.Exists(beside))
        {
            _besideAgents = (beside, await Files.ReadAsync(beside, cancellationToken));
        }
    }

    /// <param name="except">The path of a file that nobody asked about.</param>
    private void Read(
        Dictionary<string, (string Path, string Text)> files, ref GridConfig known, string? except = null)
    {
        var result = ConfigReader.Read([.. files.Select(f => new ConfigFile(f.Key, f.Value.Text))], catalog);
        known = result.Config ?? known;
        _problems.AddRange(Named(result.Problems));
        _warnings.AddRange(Named(result.Warnings));

        IEnumerable<ConfigProblem> Named(IEnumerable<ConfigProblem> found) =>
            found.Select(p => AsNamed(p, files)).Where(p => except is null || p.File != except);
    }

    private static ConfigProblem AsNamed(ConfigProblem problem, Dictionary<string, (string Path, string Text)> files) =>
        problem with
        {
            File = problem.File is { } name && files.TryGetValue(name, out var file) ? file.Path : problem.File,
            Message = files.Aggregate(
                problem.Message, (text, f) => text.Replace($"{f.Key}(", $"{f.Value.Path}(", StringComparison.Ordinal)),
        };

    [GeneratedRegex(@"^steps\s*:", RegexOptions.Multiline)]
    private static partial Regex TopLevelSteps();
}
