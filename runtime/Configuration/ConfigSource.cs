using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Runtime.Configuration;

/// <summary>
/// The configuration that is in force. Looks at the folder once a second: network and container file systems do not
/// all tell of changes. What has changed is read when it has not changed further for a second, so that files are not read
/// while they are written. A bad edit is refused and named, and what was in force stays.
/// </summary>
public sealed partial class ConfigSource : IDisposable
{
    private const string AgentsFile = "agents.yaml";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly string? _folder;
    private readonly AgentCatalog _catalog;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private ITimer? _timer;
    private string _fingerprint = "";
    private string? _settling;
    private long _settlingSince;
    private bool _hasAgents;
    private volatile Snapshot _now = new(GridConfig.Empty, [], default, []);

    /// <param name="folder">Of <c>agents.yaml</c> and <c>plans/</c>; null for none.</param>
    public ConfigSource(string? folder, AgentCatalog catalog, TimeProvider time, ILogger logger)
    {
        _folder = folder;
        _catalog = catalog;
        _time = time;
        _logger = logger;
    }

    /// <summary>Raised with each configuration that comes into force after the first.</summary>
    public event Action<GridConfig>? Changed;

    /// <summary>What is in force; empty before the start.</summary>
    public GridConfig Current => _now.Config;

    /// <summary>What is wrong with the files as they are now.</summary>
    public ImmutableArray<ConfigProblem> Problems => _now.Problems;

    /// <summary>When what is in force was read for the first time; an edit that changes nothing leaves it.</summary>
    public DateTimeOffset LoadedAt => _now.LoadedAt;

    /// <summary>
    /// What it changed then against what was in force before, as <see cref="ConfigDifferences"/> says it; empty after
    /// the start.
    /// </summary>
    public ImmutableArray<string> Changes => _now.Changes;

    /// <summary>Reads the folder for the first time, and then watches it.</summary>
    /// <exception cref="ConfigException">The files have mistakes.</exception>
    public void Start()
    {
        _fingerprint = Fingerprint();
        var files = Read();
        var result = ConfigReader.Read(files, _catalog);
        var config = result.Config ?? throw new ConfigException(_folder, result.Problems);
        _hasAgents = files.Exists(IsAgents);
        _now = new Snapshot(config, [], _time.GetUtcNow(), []);
        if (_folder is not null)
        {
            _timer = _time.CreateTimer(_ => Look(), null, Interval, Interval);
        }
    }

    /// <summary>Reads the folder again if anything in it has changed, and nothing more since the last look.</summary>
    public void Look()
    {
        lock (_gate)
        {
            try
            {
                var fingerprint = Fingerprint();
                if (fingerprint == _fingerprint)
                {
                    _settling = null;
                }
                else if (fingerprint != _settling)
                {
                    _settling = fingerprint;
                    _settlingSince = _time.GetTimestamp();
                }
                else if (_time.GetElapsedTime(_settlingSince) >= Interval / 2)
                {
                    // Not where looks that were held up come one after the other: they are no second apart.
                    Reload();
                    _fingerprint = fingerprint;
                    _settling = null;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Most likely a file that is being written right now; the next look will tell.
                LogUnreadable(_logger, e, _folder!);
            }
        }
    }

    /// <summary>Looks no more.</summary>
    public void Dispose() => _timer?.Dispose();

    private void Reload()
    {
        var files = Read();
        var result = _hasAgents && !files.Exists(IsAgents) ? Gone() : ConfigReader.Read(files, _catalog);
        if (result.Config is not { } config)
        {
            foreach (var problem in result.Problems)
            {
                LogRefused(_logger, problem);
            }
            _now = _now with { Problems = result.Problems };
            return;
        }
        var before = _now;
        var changes = ConfigDifferences.Find(before.Config, config);
        _hasAgents = files.Exists(IsAgents);
        // In force everywhere, and only then is it to be read that it is loaded.
        _now = before with { Config = config };
        Changed?.Invoke(config);
        if (changes.IsEmpty)
        {
            _now = before with { Config = config, Problems = [] };
            // After an error in the log, that it is over must be there too.
            LogNothingChanged(_logger, before.Problems.IsEmpty ? LogLevel.Debug : LogLevel.Information);
            return;
        }
        _now = new Snapshot(config, [], _time.GetUtcNow(), changes);
        LogReloaded(_logger, string.Join("; ", changes));
    }

    // Nobody means to take all limits from all agents at once: rather, a volume is away, or a copy has just begun.
    private static ConfigResult Gone() => new(null,
    [
        new ConfigProblem(AgentsFile, 1, 1, "", ConfigCodes.FileGone,
            $"'{AgentsFile}' was there and is gone. To run all agents with their defaults, leave a file with 'agents: {{}}'."),
    ]);

    private static bool IsAgents(ConfigFile file) => file.Name == AgentsFile;

    private IEnumerable<string> Files() => _folder is null
        ? []
        : YamlIn(_folder).Concat(YamlIn(Path.Combine(_folder, "plans"))).Order(StringComparer.Ordinal);

    private static IEnumerable<string> YamlIn(string folder) => Directory.Exists(folder)
        ? Directory.EnumerateFiles(folder).Where(IsYaml)
        : [];

    // Editors and file systems keep their own beside a file, hidden, some as links that lead nowhere.
    private static bool IsYaml(string path) =>
        Path.GetExtension(path) is ".yaml" or ".yml" && !Path.GetFileName(path).StartsWith('.');

    private List<ConfigFile> Read() =>
    [
        .. Files().Select(path => new ConfigFile(
            Path.GetRelativePath(_folder!, path).Replace('\\', '/'), File.ReadAllText(path))),
    ];

    private string Fingerprint() => string.Join(
        '|', Files().Select(Target).Select(f => $"{f.FullName}:{f.LastWriteTimeUtc.Ticks}:{f.Length}"));

    // A link has a time and a length of its own. Kubernetes mounts a ConfigMap as links, and edits what they lead to.
    private static FileInfo Target(string path) =>
        new(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);

    // All of it at once: whoever sees that something else was read does not see the mistakes of what was before.
    private sealed record Snapshot(
        GridConfig Config, ImmutableArray<ConfigProblem> Problems, DateTimeOffset LoadedAt,
        ImmutableArray<string> Changes);

    [LoggerMessage(300, LogLevel.Information, "The configuration has changed: {Changes}")]
    private static partial void LogReloaded(ILogger logger, string changes);

    [LoggerMessage(301, LogLevel.Error, "The changed configuration is refused, the old one stays in force: {Problem}")]
    private static partial void LogRefused(ILogger logger, ConfigProblem problem);

    [LoggerMessage(302, LogLevel.Warning, "The configuration in '{Folder}' cannot be read just now")]
    private static partial void LogUnreadable(ILogger logger, Exception exception, string folder);

    [LoggerMessage(EventId = 303, Message = "The configuration files have changed, and say the same as what is in force")]
    private static partial void LogNothingChanged(ILogger logger, LogLevel level);
}
