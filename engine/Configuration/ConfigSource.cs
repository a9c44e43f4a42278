using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Configuration;

/// <summary>
/// The configuration that is in force. Looks at the folder once a second: network and container file systems do not
/// all tell of changes. What has changed is read when it has not changed further for a second, so that files are not read
/// while they are written. A bad edit is refused and named, and what was in force stays; so it does for a file that
/// cannot be read any more, while the others are taken up.
/// </summary>
public sealed partial class ConfigSource : IDisposable
{
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
    private ImmutableArray<ConfigFile> _inForce = [];
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

    /// <summary>The folder; null for none.</summary>
    public string? Folder => _folder;

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
        _fingerprint = FolderContent.Fingerprint(_folder);
        var (files, unreadable) = FolderContent.Read(_folder, inForce: null);
        var result = ConfigReader.Read(files, _catalog);
        if (result.Config is not { } config || !unreadable.IsEmpty)
        {
            throw new ConfigException(_folder, [.. unreadable, .. result.Problems]);
        }
        LogWarnings(result);
        _inForce = files;
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
            var fingerprint = FolderContent.Fingerprint(_folder);
            if (fingerprint == _fingerprint)
            {
                _settling = null;
            }
            else if (fingerprint != _settling)
            {
                Await(fingerprint);
            }
            else if (_time.GetElapsedTime(_settlingSince) >= Interval / 2)
            {
                // Not where looks that were held up come one after the other: they are no second apart.
                var content = FolderContent.Read(_folder, _inForce);
                var after = FolderContent.Fingerprint(_folder);
                if (after != fingerprint)
                {
                    Await(after);
                    return;
                }
                Apply(content);
                _fingerprint = fingerprint;
                _settling = null;
            }
        }
    }

    /// <summary>Looks no more.</summary>
    public void Dispose() => _timer?.Dispose();

    private void Await(string fingerprint)
    {
        _settling = fingerprint;
        _settlingSince = _time.GetTimestamp();
    }

    private void Apply(FolderContent content)
    {
        var before = _now;
        foreach (var problem in content.Problems.Except(before.Problems))
        {
            LogUnreadable(_logger, problem);
        }
        var result = ConfigReader.Read(content.Files, _catalog);
        if (result.Config is not { } config)
        {
            foreach (var problem in result.Problems)
            {
                LogRefused(_logger, problem);
            }
            _now = before with { Problems = [.. content.Problems, .. result.Problems] };
            return;
        }
        LogWarnings(result);
        var changes = ConfigDifferences.Find(before.Config, config);
        // In force everywhere, and only then is it to be read that it is loaded.
        _now = before with { Config = config };
        if (!content.Files.SequenceEqual(_inForce))
        {
            _inForce = content.Files;
            Changed?.Invoke(config);
        }
        if (changes.IsEmpty)
        {
            _now = before with { Config = config, Problems = content.Problems };
            // After an error in the log, that it is over must be there too.
            var isOver = content.Problems.IsEmpty && !before.Problems.IsEmpty;
            LogNothingChanged(_logger, isOver ? LogLevel.Information : LogLevel.Debug);
            return;
        }
        _now = new Snapshot(config, content.Problems, _time.GetUtcNow(), changes);
        LogReloaded(_logger, string.Join("; ", changes));
    }

    private void LogWarnings(ConfigResult result)
    {
        foreach (var warning in result.Warnings)
        {
            LogWarned(_logger, warning);
        }
    }

    // All of it at once: whoever sees that something else was read does not see the mistakes of what was before.
    private sealed record Snapshot(
        GridConfig Config, ImmutableArray<ConfigProblem> Problems, DateTimeOffset LoadedAt,
        ImmutableArray<string> Changes);

    [LoggerMessage(300, LogLevel.Information, "The configuration has changed: {Changes}")]
    private static partial void LogReloaded(ILogger logger, string changes);

    [LoggerMessage(301, LogLevel.Error, "The changed configuration is refused, the old one stays in force: {Problem}")]
    private static partial void LogRefused(ILogger logger, ConfigProblem problem);

    [LoggerMessage(302, LogLevel.Error, "Part of the configuration cannot be read: {Problem}")]
    private static partial void LogUnreadable(ILogger logger, ConfigProblem problem);

    [LoggerMessage(EventId = 303, Message = "The configuration files have changed, but say the same as before")]
    private static partial void LogNothingChanged(ILogger logger, LogLevel level);

    [LoggerMessage(304, LogLevel.Warning, "The configuration may not mean what was intended: {Warning}")]
    private static partial void LogWarned(ILogger logger, ConfigProblem warning);
}
