using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Config;

/// <summary>Reads <c>agents.yaml</c>, and lays what it says over the attributes of the agent classes.</summary>
internal sealed class AgentsReader(AgentCatalog catalog, ProblemList problems)
{
    private const int MostSlots = 100_000;
    private const int HighestPriority = 1_000;
    private const long BytesPerMegabyte = 1024 * 1024;
    private const long MostGpuMegabytes = 100_000_000;
    private const int LongestVersion = 200;

    private const string KindKey = "kind";

    // The kind of an agent that is a class; what holds when no kind is named.
    private const string ClassKind = "code";

    private static readonly string[] s_rootKeys = ["queues", "agents"];
    private static readonly string[] s_queueKeys = ["slots"];
    private static readonly string[] s_resourceKeys = ["gpu_memory_mb", "gpu_memory_bytes"];
    private static readonly string[] s_agentKeys =
    [
        KindKey, "capabilities", "priority", "max_concurrency", "max_concurrency_total", "rate_limit", "queue", "timeout",
        "retry", "breaker", "resources", LabelsReader.Key, "enabled", "version", "description", "input_schema", "output_schema",
    ];

    private readonly SortedDictionary<string, AgentConfig> _agents = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, QueueConfig> _queues = new(StringComparer.Ordinal);

    /// <param name="root">The document; null when there is none.</param>
    public GridConfig Read(ConfigNode? root)
    {
        foreach (var declaration in catalog.Agents.Values)
        {
            _agents.Add(declaration.Name, FromAttribute(declaration));
        }
        var reader = new MappingReader(root, problems, s_rootKeys);
        foreach (var entry in new MappingReader(reader["queues"], problems, null).Entries)
        {
            ReadQueue(entry);
        }
        foreach (var entry in new MappingReader(reader["agents"], problems, null).Entries)
        {
            ReadAgent(entry);
        }
        new CallsCheck(_agents, problems).Report();
        foreach (var agent in _agents.Values)
        {
            _queues.TryAdd(agent.Queue, new QueueConfig(agent.Queue, null));
        }
        return new GridConfig
        {
            Agents = _agents.ToImmutableSortedDictionary(
                static a => a.Key, static a => a.Value with { Hash = ConfigDifferences.HashOf(a.Value) }, StringComparer.Ordinal),
            Queues = _queues.ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
    }

    private void ReadQueue(ConfigNode.Entry entry)
    {
        if (!Names.IsValid(entry.Key))
        {
            problems.Add(entry.Place, ConfigCodes.BadName, Names.Problem("queue name", entry.Key));
        }
        var reader = new MappingReader(entry.Value, problems, s_queueKeys);
        _queues[entry.Key] = new QueueConfig(entry.Key, reader.Integer("slots", 1, MostSlots));
    }

    private void ReadAgent(ConfigNode.Entry entry)
    {
        var kind = ReadKind(entry, out var isKnown);
        if (!_agents.TryGetValue(entry.Key, out var agent))
        {
            CheckNew(entry, kind, isKnown);
            agent = new AgentConfig { Name = entry.Key };
        }
        // Of a kind that is not known, the keys are not known either.
        var reader = new MappingReader(
            entry.Value, problems, !isKnown ? null : kind is null ? s_agentKeys : [.. s_agentKeys, .. kind.Keys]);
        var settings = kind?.Read(reader, problems);
        var input = ValueSchema.Read(reader, "input_schema", problems);
        var output = ValueSchema.Read(reader, "output_schema", problems);
        agent = agent with
        {
            Capabilities = reader.NameList("capabilities", "capability") ?? agent.Capabilities,
            Description = reader.Text("description") ?? agent.Description,
            Version = ReadVersion(reader) ?? (kind is null ? agent.Version : null),
            // What the types of a class say is not about an agent of a kind that has its name.
            InputSchema = input?.Text ?? (kind is null ? agent.InputSchema : null),
            OutputSchema = output?.Text ?? (kind is null ? agent.OutputSchema : null),
            InputCheck = input,
            ReadsType = agent.ReadsType && input is null && kind is null,
            Labels = LabelsReader.Read(reader, problems) ?? agent.Labels,
            Priority = reader.Integer("priority", -HighestPriority, HighestPriority) ?? agent.Priority,
            MaxConcurrency = ReadMaxConcurrency(reader, settings) ?? agent.MaxConcurrency,
            MaxConcurrencyTotal = reader.Integer("max_concurrency_total", 1, MostSlots) ?? agent.MaxConcurrencyTotal,
            RateLimit = RateLimitReader.Read(reader["rate_limit"], problems) ?? agent.RateLimit,
            Queue = ReadQueueName(reader) ?? agent.Queue,
            Timeout = reader.Duration("timeout") ?? agent.Timeout,
            Retry = RetryReader.Read(reader["retry"], problems) ?? agent.Retry,
            Breaker = BreakerReader.Read(reader["breaker"], agent.Breaker, problems),
            Resources = ReadResources(reader["resources"]) ?? agent.Resources,
            Enabled = reader.Flag("enabled") ?? agent.Enabled,
            Kind = settings is null ? null : new KindConfig(kind!.Name, settings.Target, OwnKeys(kind, reader)) { Settings = settings },
        };
        // Plans may name it, whatever else is wrong with it.
        if (catalog.Agents.ContainsKey(entry.Key) || kind is not null || !isKnown)
        {
            _agents[entry.Key] = agent;
        }
    }

    /// <returns>Null for an agent that is a class, and for a kind that there is not.</returns>
    private IAgentKind? ReadKind(ConfigNode.Entry entry, out bool isKnown)
    {
        isKnown = true;
        if ((entry.Value as ConfigNode.Mapping)?[KindKey] is not { } node
            || node is ConfigNode.Scalar { Kind: ScalarKind.Null } or ConfigNode.Scalar { Kind: ScalarKind.Text, Text: ClassKind })
        {
            return null;
        }
        var name = (node as ConfigNode.Scalar)?.Text;
        if (name is not null && catalog.Kinds.TryGetValue(name, out var kind))
        {
            return kind;
        }
        isKnown = false;
        problems.Add(
            node.Place, ConfigCodes.UnknownKind,
            name is null
                ? $"'{KindKey}': expected the name of a kind, got {node.Describe()}."
                : $"unknown kind '{Names.Shorten(name)}'{problems.Suggest(name, [ClassKind, .. catalog.Kinds.Keys])}");
        return null;
    }

    // 'version: 1.2' is a number in YAML, and means its text.
    private string? ReadVersion(MappingReader reader)
    {
        if (reader["version"] is not { } node)
        {
            return null;
        }
        if (node is ConfigNode.Scalar { Kind: ScalarKind.Text or ScalarKind.Number, Text.Length: > 0 and <= LongestVersion } scalar)
        {
            return scalar.Text;
        }
        problems.Add(
            node.Place, ConfigCodes.WrongType, $"'version': expected a text of 1 to {LongestVersion} characters, got {node.Describe()}.");
        return null;
    }

    // An agent without a class is there because its kind says how.
    private void CheckNew(ConfigNode.Entry entry, IAgentKind? kind, bool isKnown)
    {
        if (kind is null && isKnown)
        {
            problems.Add(
                entry.Place, ConfigCodes.UnknownAgent,
                $"unknown agent '{Names.Shorten(entry.Key)}'{problems.Suggest(entry.Key, [.. catalog.Agents.Keys])}{Remedy(entry)}");
        }
        else if (!Names.IsValid(entry.Key))
        {
            problems.Add(entry.Place, ConfigCodes.BadName, Names.Problem("agent name", entry.Key));
        }
    }

    private string Remedy(ConfigNode.Entry entry) =>
        entry.Value is ConfigNode.Mapping mapping
            && catalog.Kinds.Values.FirstOrDefault(k => mapping.Entries.Any(e => k.Keys.Contains(e.Key))) is { } meant
            ? $" Without a class it needs '{KindKey}: {meant.Name}'."
            : "";

    private int? ReadMaxConcurrency(MappingReader reader, KindSettings? settings)
    {
        var said = reader.Integer("max_concurrency", 1, MostSlots);
        if (said > settings?.MaxConcurrency)
        {
            problems.Add(
                reader["max_concurrency"]!.Place, ConfigCodes.Contradiction,
                $"'max_concurrency' is {said}, but with its other keys the agent does {settings.MaxConcurrency} at once: the " +
                "others would wait while their time runs out. Leave 'max_concurrency' out, or raise the other.");
        }
        if (said < settings?.LeastConcurrency)
        {
            problems.Add(
                reader["max_concurrency"]!.Place, ConfigCodes.Contradiction,
                $"'max_concurrency' is {said}, but with its other keys the agent waits for up to {settings.LeastConcurrency} attempts " +
                "at once, which can never come together. Leave 'max_concurrency' out, or raise it.");
        }
        return said ?? settings?.MaxConcurrency
            ?? (settings?.LeastConcurrency is { } least and > AgentDefaults.MaxConcurrency ? least : null);
    }

    private static Json OwnKeys(IAgentKind kind, MappingReader reader) => Json.Build(writer =>
    {
        writer.WriteStartObject();
        foreach (var entry in reader.Entries.Where(e => kind.Keys.Contains(e.Key)).OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            writer.WritePropertyName(entry.Key);
            entry.Value.WriteTo(writer);
        }
        writer.WriteEndObject();
    });

    private string? ReadQueueName(MappingReader reader)
    {
        var queue = reader.Name("queue", "queue name");
        if (queue is not (null or AgentDefaults.Queue) && !_queues.ContainsKey(queue)
            && Names.Nearest(queue, _queues.Keys.Append(AgentDefaults.Queue)) is { } nearest)
        {
            problems.Add(
                reader["queue"]!.Place, ConfigCodes.UnknownQueue,
                $"unknown queue '{queue}', did you mean '{nearest}'? If not, declare '{queue}' under 'queues'.");
        }
        return queue;
    }

    private AgentResources? ReadResources(ConfigNode? node)
    {
        if (node is null)
        {
            return null;
        }
        var reader = new MappingReader(node, problems, s_resourceKeys);
        var megabytes = reader.Long("gpu_memory_mb", 0, MostGpuMegabytes);
        var bytes = reader.Long("gpu_memory_bytes", 0, MostGpuMegabytes * BytesPerMegabyte);
        if (megabytes is not null && bytes is not null)
        {
            problems.Add(
                reader["gpu_memory_bytes"]!.Place, ConfigCodes.Contradiction,
                "'gpu_memory_mb' and 'gpu_memory_bytes' say the same: keep one of them.");
        }
        return new AgentResources(bytes ?? (megabytes * BytesPerMegabyte) ?? 0);
    }

    private AgentConfig FromAttribute(AgentDeclaration declaration)
    {
        var attribute = declaration.Attribute;
        Require(declaration, attribute.MaxConcurrency is >= 1 and <= MostSlots, nameof(attribute.MaxConcurrency),
            $"1 to {MostSlots}", attribute.MaxConcurrency.ToString(CultureInfo.InvariantCulture));
        Require(declaration, Math.Abs((long)attribute.Priority) <= HighestPriority, nameof(attribute.Priority),
            $"-{HighestPriority} to {HighestPriority}", attribute.Priority.ToString(CultureInfo.InvariantCulture));
        Require(declaration, Names.IsValid(attribute.Queue), nameof(attribute.Queue), "a name", attribute.Queue);
        foreach (var capability in attribute.Capabilities)
        {
            Require(
                declaration, Names.IsValid(capability), nameof(attribute.Capabilities), "valid names", capability);
        }
        var mostSeconds = DurationText.Max.TotalSeconds;
        var timeoutHolds = attribute.TimeoutSeconds >= 0.001 && attribute.TimeoutSeconds <= mostSeconds;
        Require(declaration, timeoutHolds, nameof(attribute.TimeoutSeconds),
            FormattableString.Invariant($"0.001 to {mostSeconds}"),
            attribute.TimeoutSeconds.ToString(CultureInfo.InvariantCulture));
        var schemas = TypeSchemas.Of(declaration.Type);
        return new AgentConfig
        {
            Name = declaration.Name,
            Version = VersionOf(declaration.Type),
            InputSchema = schemas.Input,
            ReadsType = schemas.IsClosed,
            OutputSchema = schemas.Output,
            Capabilities = [.. attribute.Capabilities.Distinct(StringComparer.Ordinal)],
            Priority = attribute.Priority,
            MaxConcurrency = attribute.MaxConcurrency,
            Queue = attribute.Queue,
            Timeout = timeoutHolds ? TimeSpan.FromSeconds(attribute.TimeoutSeconds) : AgentDefaults.Timeout,
        };
    }

    // An agent that is made by code need not say which class it is.
    private static string? VersionOf(Type type) => type == typeof(IAgent)
        ? null
        : type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;

    private void Require(AgentDeclaration agent, bool holds, string property, string expected, string? actual)
    {
        if (!holds)
        {
            problems.Add(
                ConfigPlace.Root(null, "agents", 0, 0).Key(agent.Name), ConfigCodes.BadDeclaration,
                $"the [Agent] attribute of {agent.Type.FullName}: {property} must be {expected}, not " +
                $"'{Names.Shorten(actual)}'.");
        }
    }
}
