using AgentGrid.Core;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.GrainInterfaces;

/// <summary>What a JSON value is on the wire between silos: its UTF-8 text, or where that lies.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.Json")]
public struct JsonWire
{
    [Id(0)] public byte[]? Utf8;

    /// <summary>Of a value that is stored elsewhere, in place of its text: the SHA-256 of that.</summary>
    [Id(1)] public string? Sha256;

    /// <summary>Of such a value: how many bytes it has.</summary>
    [Id(2)] public int Bytes;

    /// <summary>Of such a value: it may have references to artifacts in it.</summary>
    [Id(3)] public bool MayRefer;
}

/// <summary>What a run's id is on the wire between silos.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.RunId")]
public struct RunIdWire
{
    [Id(0)] public string? Value;
}

/// <summary>What an error is on the wire between silos.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.RunError")]
public struct RunErrorWire
{
    [Id(0)] public int Kind;
    [Id(1)] public string Code;
    [Id(2)] public string Message;
    [Id(3)] public bool Retryable;
    [Id(4)] public TimeSpan? RetryAfter;
    [Id(5)] public string? Type;
    [Id(6)] public string? Detail;
}

/// <summary>What a mistake in a configuration or a plan is on the wire between silos.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.ConfigProblem")]
public struct ConfigProblemWire
{
    [Id(0)] public string? File;
    [Id(1)] public int Line;
    [Id(2)] public int Column;
    [Id(3)] public string Path;
    [Id(4)] public string Code;
    [Id(5)] public string Message;
}

/// <summary>What an attempt whose agent has not returned is on the wire between silos.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.AbandonedAttempt")]
public struct AbandonedAttemptWire
{
    [Id(0)] public RunId RunId;
    [Id(1)] public string MatchId;
    [Id(2)] public string Round;
    [Id(3)] public string Step;
    [Id(4)] public int Attempt;
    [Id(5)] public string Node;
    [Id(6)] public DateTimeOffset CancelledAt;
    [Id(7)] public DateTimeOffset? SlotHeldUntil;
}

/// <summary>Core knows no Orleans, so what of it crosses silos is converted here, case by case.</summary>
[RegisterConverter]
public sealed class CoreConverters :
    IConverter<Json, JsonWire>, IConverter<RunId, RunIdWire>,
    IConverter<RunError, RunErrorWire>, IConverter<ConfigProblem, ConfigProblemWire>,
    IConverter<AbandonedAttempt, AbandonedAttemptWire>
{
    public Json ConvertFromSurrogate(in JsonWire surrogate) => surrogate.Sha256 is { } sha256
        ? Json.Stored(new StoredValue(sha256, surrogate.Bytes, surrogate.MayRefer))
        : Json.Trusted(surrogate.Utf8);

    public JsonWire ConvertToSurrogate(in Json value) => value.Storage is { } stored
        ? new() { Sha256 = stored.Sha256, Bytes = stored.Bytes, MayRefer = stored.MayRefer }
        : new() { Utf8 = value.Utf8.ToArray() };

    public RunId ConvertFromSurrogate(in RunIdWire surrogate) =>
        RunId.TryParse(surrogate.Value, out var id) ? id : default;

    public RunIdWire ConvertToSurrogate(in RunId value) => new() { Value = value.Value };

    public RunError ConvertFromSurrogate(in RunErrorWire surrogate) =>
        new((ErrorKind)surrogate.Kind, surrogate.Code, surrogate.Message, surrogate.Retryable)
        {
            RetryAfter = surrogate.RetryAfter,
            Type = surrogate.Type,
            Detail = surrogate.Detail,
        };

    public RunErrorWire ConvertToSurrogate(in RunError value) => new()
    {
        Kind = (int)value.Kind,
        Code = value.Code,
        Message = value.Message,
        Retryable = value.Retryable,
        RetryAfter = value.RetryAfter,
        Type = value.Type,
        Detail = value.Detail,
    };

    public ConfigProblem ConvertFromSurrogate(in ConfigProblemWire surrogate) => new(
        surrogate.File, surrogate.Line, surrogate.Column, surrogate.Path, surrogate.Code, surrogate.Message);

    public ConfigProblemWire ConvertToSurrogate(in ConfigProblem value) => new()
    {
        File = value.File,
        Line = value.Line,
        Column = value.Column,
        Path = value.Path,
        Code = value.Code,
        Message = value.Message,
    };

    public AbandonedAttempt ConvertFromSurrogate(in AbandonedAttemptWire surrogate) => new(
        surrogate.RunId, surrogate.MatchId, surrogate.Round, surrogate.Step, surrogate.Attempt, surrogate.Node,
        surrogate.CancelledAt, surrogate.SlotHeldUntil);

    public AbandonedAttemptWire ConvertToSurrogate(in AbandonedAttempt value) => new()
    {
        RunId = value.RunId,
        MatchId = value.MatchId,
        Round = value.Round,
        Step = value.Step,
        Attempt = value.Attempt,
        Node = value.Node,
        CancelledAt = value.CancelledAt,
        SlotHeldUntil = value.SlotHeldUntil,
    };
}
