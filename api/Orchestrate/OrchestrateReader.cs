using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using AgentGrid.Api.Problems;
using AgentGrid.Api.Requests;
using AgentGrid.Core;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;

namespace AgentGrid.Api.Orchestrate;

/// <summary>
/// Reads the body of a post in one strict pass without building a tree: this is the path that every run takes.
/// </summary>
internal ref partial struct OrchestrateReader
{
    private const int MaxPriority = 100;
    private readonly ReadOnlySpan<byte> _body;
    private readonly bool _isGeneral;
    private Utf8JsonReader _json;
    private Fields _seen;
    private HashSet<string>? _others;
    private string? _matchId;
    private string? _round;
    private string? _plan;
    private Json? _inlinePlan;
    private Json? _input;
    private int _priority;
    private DateTimeOffset? _startAt;
    private TimeSpan? _delay;
    private ImmutableArray<Webhook> _webhooks = [];
    private Labels? _labels;
    private OnConflict _onConflict;
    private bool _differs;
    private ApiProblem? _problem;

    private OrchestrateReader(ReadOnlySpan<byte> body, bool isGeneral)
    {
        _body = body;
        _isGeneral = isGeneral;
        _json = StrictJson.Open(body);
    }

    [Flags]
    private enum Fields
    {
        Other = 0,
        MatchId = 1,
        Round = 2,
        GridSnapshot = 4,
        Plan = 8,
        Input = 16,
        Priority = 32,
        StartAt = 64,
        Delay = 128,
        Webhooks = 256,
        Labels = 512,
        OnConflict = 1024,
        Key = 2048,
    }

    /// <summary>Reads a body; null, with the problem, when it cannot be accepted.</summary>
    /// <param name="isGeneral">It has a <c>key</c> and an <c>input</c>, and nothing that is handed on as it is.</param>
    public static OrchestrateBody? Read(ReadOnlySpan<byte> body, bool isGeneral, out ApiProblem? problem)
    {
        if (body.IsEmpty)
        {
            problem = new ApiProblem(400, ApiCode.MissingField, $"The body is empty; expected {Expected(isGeneral)}.") { Field = "$" };
            return null;
        }
        problem = StrictJson.CheckUtf8(body);
        if (problem is not null)
        {
            return null;
        }
        try
        {
            var reader = new OrchestrateReader(body, isGeneral);
            var read = reader.ReadObject();
            problem = reader._problem;
            return read;
        }
        catch (JsonException e)
        {
            problem = StrictJson.Malformed(body, e);
            return null;
        }
    }

    private OrchestrateBody? ReadObject()
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            Wrong("$", Expected(_isGeneral));
            return null;
        }
        var start = (int)_json.TokenStartIndex;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (!ReadField())
            {
                return null;
            }
        }
        var end = (int)_json.BytesConsumed;
        _json.Read();
        if (_matchId is null || _round is null)
        {
            var missing = _isGeneral ? "key" : _matchId is null ? "match_id" : "round";
            _problem = new ApiProblem(400, ApiCode.MissingField, $"'{missing}' is missing; {WhatNamesRuns}.") { Field = missing };
            return null;
        }
        var input = _isGeneral ? _input ?? Json.EmptyObject : _differs ? Splice() : Json.Sound(_body[start..end].ToArray());
        return new OrchestrateBody(new RunKey(_matchId, _round), input, _plan, _inlinePlan, _priority, _startAt, _delay)
        {
            Labels = _labels,
            OnConflict = _onConflict,
            Webhooks = _webhooks,
        };
    }

    private bool ReadField()
    {
        if (!Accept(StrictJson.Check(ref _json)))
        {
            return false;
        }
        var field = Identify(ref _json);
        if (_isGeneral && !IsGeneral(ref field))
        {
            return false;
        }
        if (!Note(field))
        {
            return false;
        }
        _json.Read();
        return field switch
        {
            Fields.Key => ReadKey(),
            Fields.Input when _isGeneral => ReadInput(),
            Fields.MatchId => ReadMatchId(),
            Fields.Round => ReadRound(),
            Fields.GridSnapshot => ReadObjectValue("grid_snapshot", optional: false),
            Fields.Input => ReadObjectValue("input", optional: true),
            Fields.Plan => ReadPlan(),
            Fields.Priority => ReadPriority(),
            Fields.StartAt => ReadStartAt(),
            Fields.Delay => ReadDelay(),
            Fields.Webhooks => ReadWebhooks(),
            Fields.Labels => ReadLabels(),
            Fields.OnConflict => ReadOnConflict(),
            _ => Accept(StrictJson.Walk(ref _json)),
        };
    }

    private bool Note(Fields field)
    {
        var first = field == Fields.Other
            ? (_others ??= new HashSet<string>(StringComparer.Ordinal)).Add(_json.GetString()!)
            : (_seen & field) == 0;
        _seen |= field;
        if (!first)
        {
            var path = JsonPosition.PathAt(_body, _json.TokenStartIndex);
            _problem = new ApiProblem(400, ApiCode.DuplicateField, $"'{path}' is there twice.") { Field = path };
        }
        return first;
    }

    private bool ReadMatchId()
    {
        if (_json.TokenType != JsonTokenType.String)
        {
            return Wrong("match_id", "a string");
        }
        return Accept(StrictJson.Check(ref _json)) && IsKeyPart("match_id", _matchId = _json.GetString()!);
    }

    private bool ReadRound()
    {
        if (_json.TokenType == JsonTokenType.Number && _json.TryGetInt64(out var number))
        {
            _differs = true;
            _round = number.ToString(CultureInfo.InvariantCulture);
            return true;
        }
        if (_json.TokenType != JsonTokenType.String)
        {
            return Wrong("round", "a string or a whole number");
        }
        return Accept(StrictJson.Check(ref _json)) && IsKeyPart("round", _round = _json.GetString()!);
    }

    private bool IsKeyPart(string name, string value)
    {
        if (RunKey.Problem(name, value) is not { } detail)
        {
            return true;
        }
        _problem = new ApiProblem(400, ApiCode.InvalidValue, detail) { Field = name };
        return false;
    }

    private bool ReadObjectValue(string name, bool optional)
    {
        return _json.TokenType == JsonTokenType.StartObject || (optional && _json.TokenType == JsonTokenType.Null)
            ? Accept(StrictJson.Walk(ref _json))
            : Wrong(name, "an object");
    }

    private bool ReadPlan()
    {
        _differs = true;
        var start = (int)_json.TokenStartIndex;
        switch (_json.TokenType)
        {
            case JsonTokenType.Null:
                return true;
            case JsonTokenType.String when Accept(StrictJson.Check(ref _json)):
                _plan = _json.GetString();
                return true;
            case JsonTokenType.StartObject when Accept(StrictJson.Walk(ref _json)):
                _inlinePlan = Json.Trusted(_body[start..(int)_json.BytesConsumed].ToArray());
                return true;
            default:
                return _problem is null && Wrong("plan", "the name of a plan, or an inline plan {\"steps\": {...}}");
        }
    }

    private bool ReadPriority()
    {
        _differs = true;
        if (_json.TokenType == JsonTokenType.Null)
        {
            return true;
        }
        if (_json.TokenType != JsonTokenType.Number)
        {
            return Wrong("priority", $"a whole number from -{MaxPriority} to {MaxPriority}");
        }
        if (_json.TryGetInt32(out _priority) && Math.Abs((long)_priority) <= MaxPriority)
        {
            return true;
        }
        _problem = new ApiProblem(400, ApiCode.InvalidValue,
            $"'priority' must be a whole number from -{MaxPriority} to {MaxPriority}.")
        { Field = "priority" };
        return false;
    }

    private bool ReadStartAt()
    {
        if (!ReadOptionalText("start_at", TimeText.Expected, out var text) || text is null)
        {
            return _problem is null;
        }
        _startAt = TimeText.Parse(text);
        return _startAt is not null
            || Refuse("start_at", $"'start_at' must be {TimeText.Expected}; it is '{Names.Shorten(text)}'.");
    }

    private bool ReadDelay()
    {
        if (!ReadOptionalText("delay", "a duration such as 30s, 10m or 1h30m", out var text) || text is null)
        {
            return _problem is null;
        }
        _delay = DurationText.Parse(text, out var problem);
        return problem is null || Refuse("delay", $"'delay': {problem}");
    }

    private bool ReadWebhooks()
    {
        _differs = true;
        if (_json.TokenType == JsonTokenType.Null)
        {
            return true;
        }
        if (_json.TokenType != JsonTokenType.StartArray)
        {
            return Wrong("webhooks", "a list of {\"url\": \"https://...\", \"on\": [...]}");
        }
        var start = (int)_json.TokenStartIndex;
        if (!Accept(StrictJson.Walk(ref _json)))
        {
            return false;
        }
        _webhooks = WebhookReader.ReadJson(Json.Trusted(_body[start..(int)_json.BytesConsumed].ToArray()), out var problems);
        return problems.IsEmpty || Refuse(problems[0].Path, $"{problems[0].Path}: {problems[0].Message}");
    }

    private bool ReadLabels()
    {
        const string Expected = "an object of texts, such as {\"team\": \"blue\"}";
        _differs = true;
        if (_json.TokenType == JsonTokenType.Null)
        {
            return true;
        }
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            return Wrong("labels", Expected);
        }
        var labels = new List<KeyValuePair<string, string>>();
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (!Accept(StrictJson.Check(ref _json)))
            {
                return false;
            }
            var name = _json.GetString()!;
            _json.Read();
            if (_json.TokenType != JsonTokenType.String)
            {
                return Wrong("labels", Expected, "has ");
            }
            if (!Accept(StrictJson.Check(ref _json)))
            {
                return false;
            }
            labels.Add(KeyValuePair.Create(name, _json.GetString()!));
        }
        _labels = Labels.Of(labels, out var problem);
        return problem is null || Refuse("labels", problem);
    }

    private bool ReadOnConflict()
    {
        const string Expected = "fail, use_existing or supersede";
        if (!ReadOptionalText("on_conflict", Expected, out var text) || text is null)
        {
            return _problem is null;
        }
        OnConflict? read = text switch
        {
            "fail" => OnConflict.Fail,
            "use_existing" => OnConflict.UseExisting,
            "supersede" => OnConflict.Supersede,
            _ => null,
        };
        _onConflict = read ?? OnConflict.Fail;
        return read is not null || Refuse("on_conflict", $"'on_conflict' must be {Expected}; it is '{Names.Shorten(text)}'.");
    }

    private bool ReadOptionalText(string field, string expected, out string? text)
    {
        _differs = true;
        text = null;
        if (_json.TokenType == JsonTokenType.Null)
        {
            return true;
        }
        if (_json.TokenType != JsonTokenType.String)
        {
            return Wrong(field, expected);
        }
        text = Accept(StrictJson.Check(ref _json)) ? _json.GetString() : null;
        return text is not null;
    }

    private bool Refuse(string field, string detail)
    {
        _problem = new ApiProblem(400, ApiCode.InvalidValue, detail) { Field = field };
        return false;
    }

    private bool Accept(TokenFault fault)
    {
        if (fault != TokenFault.None)
        {
            _problem = StrictJson.Explain(fault, _body, _json.TokenStartIndex);
        }
        return fault == TokenFault.None;
    }

    private bool Wrong(string field, string expected, string how = "is ")
    {
        var came = _json.TokenType switch
        {
            JsonTokenType.StartObject => "an object",
            JsonTokenType.StartArray => "a list",
            JsonTokenType.String => "a string",
            JsonTokenType.Number => "a number",
            JsonTokenType.Null => "null",
            _ => "true or false",
        };
        var what = field == "$" ? "The body" : $"'{field}'";
        _problem = new ApiProblem(400, ApiCode.WrongType, $"{what} must be {expected}; it {how}{came}.")
        {
            Field = field,
        };
        return false;
    }

    private static Fields Identify(ref Utf8JsonReader json) =>
        json.ValueTextEquals("match_id"u8) ? Fields.MatchId
        : json.ValueTextEquals("round"u8) ? Fields.Round
        : json.ValueTextEquals("grid_snapshot"u8) ? Fields.GridSnapshot
        : json.ValueTextEquals("plan"u8) ? Fields.Plan
        : json.ValueTextEquals("input"u8) ? Fields.Input
        : json.ValueTextEquals("priority"u8) ? Fields.Priority
        : json.ValueTextEquals("start_at"u8) ? Fields.StartAt
        : json.ValueTextEquals("delay"u8) ? Fields.Delay
        : json.ValueTextEquals("webhooks"u8) ? Fields.Webhooks
        : json.ValueTextEquals("labels"u8) ? Fields.Labels
        : json.ValueTextEquals("on_conflict"u8) ? Fields.OnConflict
        : Fields.Other;
}
