using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;

namespace AgentGrid.Api.Orchestrate;

/// <summary>
/// What a post to <c>/api/v1/orchestrate</c> looks like, for the OpenAPI document. Further fields are allowed, and
/// handed to the agents with the rest.
/// </summary>
/// <param name="MatchId">1 to 200 characters. With the round, the key by which a run is started only once.</param>
/// <param name="Round">1 to 200 characters, or a whole number.</param>
/// <param name="GridSnapshot">An object.</param>
/// <param name="Plan">The name of a plan, or a plan of its own; absent for the default plan.</param>
/// <param name="Input">An object with further input.</param>
/// <param name="Priority">-100 to 100; higher is served first where attempts wait.</param>
/// <param name="StartAt">When the run starts, at most 366 days from now; absent, or a time that has passed: at once.</param>
/// <param name="Delay">The same as a duration from now, such as 10m; excludes StartAt.</param>
/// <param name="Labels">Texts by their names, at most 16, those of the plan included; lists can be filtered by them.</param>
/// <param name="OnConflict">
/// What happens where a run with another input has the key: fail (the default) refuses, use_existing answers with that run, supersede
/// cancels it and starts a new one in its place.
/// </param>
/// <param name="Webhooks">Who is told what becomes of the run; at most five.</param>
public sealed record OrchestrateRequest(
    string MatchId, Json Round, Json? GridSnapshot = null, Json? Plan = null, Json? Input = null, int? Priority = null,
    DateTimeOffset? StartAt = null, string? Delay = null, IReadOnlyDictionary<string, string>? Labels = null,
    OnConflict? OnConflict = null, IReadOnlyList<WebhookRequest>? Webhooks = null);

/// <summary>What a post to <c>/api/v1/runs</c> looks like, for the OpenAPI document. There is nothing else in it.</summary>
/// <param name="Key">
/// By which a run is started only once. What is before its last slash is <c>match_id</c>, what is behind it <c>round</c>, each of 1 to 200
/// characters; without a slash the round is 1.
/// </param>
/// <param name="Input">What agents are given: an object; absent for an empty one.</param>
/// <param name="Plan">The name of a plan, or a plan of its own; absent for the default plan.</param>
/// <param name="Priority">-100 to 100; higher is served first where attempts wait.</param>
/// <param name="StartAt">When the run starts, at most 366 days from now; absent, or a time that has passed: at once.</param>
/// <param name="Delay">The same as a duration from now, such as 10m; excludes StartAt.</param>
/// <param name="Labels">Texts by their names, at most 16, those of the plan included; lists can be filtered by them.</param>
/// <param name="OnConflict">What happens where a run with another input has the key.</param>
/// <param name="Webhooks">Who is told what becomes of the run; at most five.</param>
public sealed record StartRequest(
    string Key, Json? Input = null, Json? Plan = null, int? Priority = null, DateTimeOffset? StartAt = null, string? Delay = null,
    IReadOnlyDictionary<string, string>? Labels = null, OnConflict? OnConflict = null, IReadOnlyList<WebhookRequest>? Webhooks = null);

/// <summary>Somebody who is told what becomes of a run, by a signed post.</summary>
/// <param name="Url">Of http or https, on a host that the operator allows.</param>
/// <param name="On">Absent for the three ends: completed, failed, cancelled.</param>
public sealed record WebhookRequest(string Url, IReadOnlyList<WebhookEvent>? On = null);
