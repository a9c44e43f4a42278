using AgentGrid.Api.Orchestrate;
using AgentGrid.Api.Problems;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Grid;

namespace AgentGrid.Api.A2a;

/// <summary>What is wrong with one member of a request.</summary>
internal sealed record RpcViolation(string Field, string Description);

/// <summary>A refusal, with the code that JSON-RPC or A2A has for it.</summary>
internal sealed record RpcError(int Code, string Message)
{
    public const int Parse = -32700;
    public const int InvalidRequest = -32600;
    public const int MethodNotFound = -32601;
    public const int InvalidParams = -32602;
    public const int Internal = -32603;

    /// <summary>The key lacks a scope. Neither JSON-RPC nor A2A has a number for that.</summary>
    public const int Forbidden = -32000;
    public const int TaskNotFound = -32001;
    public const int TaskNotCancelable = -32002;
    public const int PushNotificationNotSupported = -32003;
    public const int UnsupportedOperation = -32004;
    public const int ContentTypeNotSupported = -32005;
    public const int VersionNotSupported = -32009;

    /// <summary>The status of an answer that has nothing but this.</summary>
    public int HttpStatus { get; init; } = StatusCodes.Status200OK;

    /// <summary>The stable code that the rest of the API has for it; null where it has none.</summary>
    public string? ApiCode { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    public IReadOnlyList<RpcViolation> Violations { get; init; } = [];

    /// <summary>The name that A2A has for it; null for codes of JSON-RPC.</summary>
    public string? Reason => Code switch
    {
        TaskNotFound => "TASK_NOT_FOUND",
        TaskNotCancelable => "TASK_NOT_CANCELABLE",
        PushNotificationNotSupported => "PUSH_NOTIFICATION_NOT_SUPPORTED",
        UnsupportedOperation => "UNSUPPORTED_OPERATION",
        ContentTypeNotSupported => "CONTENT_TYPE_NOT_SUPPORTED",
        VersionNotSupported => "VERSION_NOT_SUPPORTED",
        _ => null,
    };

    public static RpcError Invalid(IReadOnlyList<RpcViolation> violations) => new(InvalidParams,
        $"{violations[0].Field}: {violations[0].Description}{(violations.Count > 1 ? $" (and {violations.Count - 1} more, see 'data')" : "")}")
    {
        Violations = violations,
    };

    public static RpcError Invalid(string field, string description) => Invalid([new RpcViolation(field, description)]);

    public static RpcError NoSuchTask(string id) => new(TaskNotFound,
        $"There is no task '{Names.Shorten(id)}' (any more). Ended tasks are removed after their retention.")
    {
        ApiCode = Problems.ApiCode.NoSuchRun,
    };

    public static RpcError Lacks(ApiCaller caller, ApiScope scope) => new(Forbidden,
        $"The API key '{caller.Name}' does not have the scope '{new RequiredScope(scope).Word}', which this needs.")
    {
        ApiCode = Problems.ApiCode.Forbidden,
        HttpStatus = StatusCodes.Status403Forbidden,
    };

    /// <summary>The engine cannot now, and can perhaps later.</summary>
    public static RpcError Later(ApiProblem problem) => new(Internal, problem.Detail)
    {
        ApiCode = problem.Code,
        HttpStatus = problem.Status,
        RetryAfter = problem.RetryAfter,
    };

    /// <summary>The engine's refusal of a run.</summary>
    public static RpcError Of(SubmitResult refused) => refused switch
    {
        SubmitResult.Invalid(var problems) => Invalid(
            [.. problems.Select(p => new RpcViolation(p.Path == "plan" ? MessageReader.SkillField : p.Path, p.Message))])
            with
        { ApiCode = problems[0].Code },
        SubmitResult.Conflict => Invalid("message.messageId", SubmitProblems.Of(refused).Detail)
            with
        { ApiCode = Problems.ApiCode.KeyTaken },
        _ => Later(SubmitProblems.Of(refused)),
    };

    /// <summary>The engine's refusal of what was asked of a run.</summary>
    public static RpcError Of(CommandResult refused, string id) => refused switch
    {
        CommandResult.NotFound => NoSuchTask(id),
        CommandResult.Overloaded(var retryAfter, var message) => Later(SubmitProblems.Overloaded(retryAfter, message)),
        CommandResult.Unavailable(var message) => Later(SubmitProblems.Unavailable(message)),
        CommandResult.Refused(_, var code, var message) => code switch
        {
            CommandCodes.NotCancellable => new RpcError(TaskNotCancelable, message) { ApiCode = code },
            CommandCodes.BadSignal => Invalid("message.parts", message) with { ApiCode = code },
            CommandCodes.UnknownSignal => Invalid(MessageReader.StepField, message) with { ApiCode = code },
            CommandCodes.SignalKeyTaken => Invalid("message.messageId", message) with { ApiCode = code },
            CommandCodes.NotYours => new RpcError(Forbidden, message) { ApiCode = code, HttpStatus = StatusCodes.Status403Forbidden },
            _ => new RpcError(UnsupportedOperation, message) { ApiCode = code },
        },
        _ => throw new InvalidOperationException($"A command is not refused with {refused.GetType().Name}."),
    };
}
