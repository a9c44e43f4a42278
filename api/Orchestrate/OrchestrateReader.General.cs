using System.Text.Json;
using AgentGrid.Api.Problems;
using AgentGrid.Api.Requests;
using AgentGrid.Core;

namespace AgentGrid.Api.Orchestrate;

// A body of which every member is known: the run's key in one text, and what agents are given under a name of its own.
internal ref partial struct OrchestrateReader
{
    private static readonly string[] s_general =
        ["key", "input", "plan", "priority", "labels", "on_conflict", "start_at", "delay", "webhooks"];

    private static string Expected(bool isGeneral) =>
        isGeneral ? "a JSON object with a 'key'" : "a JSON object with 'match_id' and 'round'";

    private readonly string WhatNamesRuns =>
        _isGeneral ? "it names the run" : "'match_id' and 'round' together name the run";

    private bool IsGeneral(ref Fields field)
    {
        if (_json.ValueTextEquals("key"u8))
        {
            field = Fields.Key;
        }
        if (field is not (Fields.Other or Fields.MatchId or Fields.Round or Fields.GridSnapshot))
        {
            return true;
        }
        var name = _json.GetString()!;
        var near = Names.Nearest(name, s_general) is { } nearest ? $", did you mean '{nearest}'?" : ".";
        _problem = new ApiProblem(400, ApiCode.UnknownField,
            $"'{Names.Shorten(name)}' is not known here{near} What agents are given belongs into 'input'; beside that there are " +
            $"{string.Join(", ", s_general.Where(static n => n != "input").Select(static n => $"'{n}'"))}.")
        { Field = Names.Shorten(name) };
        return false;
    }

    private bool ReadKey()
    {
        if (_json.TokenType != JsonTokenType.String)
        {
            return Wrong("key", "a string");
        }
        if (!Accept(StrictJson.Check(ref _json)))
        {
            return false;
        }
        var key = RunKey.Parse(_json.GetString()!);
        (_matchId, _round) = (key.MatchId, key.Round);
        return (RunKey.Problem("key", key.MatchId) ?? RunKey.Problem("key", key.Round)) is not { } problem
            || Refuse("key", key.MatchId.Length > 0 && key.Round.Length > 0 || key == new RunKey("", RunKey.FirstRound)
                ? problem
                : "Neither what is before the last slash of 'key' nor what is behind it may be empty.");
    }

    private bool ReadInput()
    {
        var start = (int)_json.TokenStartIndex;
        if (!ReadObjectValue("input", optional: true))
        {
            return false;
        }
        _input = _json.TokenType == JsonTokenType.Null ? null : Json.Sound(_body[start..(int)_json.BytesConsumed].ToArray());
        return true;
    }
}
