namespace AgentGrid.Api.Problems;

/// <summary>The stable codes of the client API's refusals. A code keeps its meaning for ever.</summary>
public static class ApiCode
{
    /// <summary>500: a defect of the server; its log says more.</summary>
    public const string Internal = "AG2000";

    /// <summary>400: the body is not JSON.</summary>
    public const string MalformedJson = "AG2001";

    /// <summary>400: a field that is needed is not there, or the body is empty.</summary>
    public const string MissingField = "AG2002";

    /// <summary>400: a field has another type than expected.</summary>
    public const string WrongType = "AG2003";

    /// <summary>400: a field's value is not allowed.</summary>
    public const string InvalidValue = "AG2004";

    /// <summary>400: text that cannot be kept: invalid UTF-8, NUL, or half of a surrogate pair.</summary>
    public const string InvalidText = "AG2005";

    /// <summary>400: JSON nested deeper than 64 levels.</summary>
    public const string TooDeep = "AG2006";

    /// <summary>400: the same field twice.</summary>
    public const string DuplicateField = "AG2007";

    /// <summary>400: a query parameter or header that cannot be understood.</summary>
    public const string InvalidParameter = "AG2008";

    /// <summary>413: the body is larger than <c>AgentGrid:MaxBodyBytes</c>.</summary>
    public const string BodyTooLarge = "AG2009";

    /// <summary>415: the body is not declared as JSON in UTF-8.</summary>
    public const string UnsupportedMediaType = "AG2010";

    /// <summary>400: no run as asked (unknown plan, mistakes in an inline plan); see <c>errors</c>.</summary>
    public const string InvalidRun = "AG2011";

    /// <summary>400: the HTTP request itself is broken.</summary>
    public const string BadRequest = "AG2012";

    /// <summary>415: the body is packed in an unknown way; <c>Accept-Encoding</c> lists those that are known.</summary>
    public const string UnsupportedCoding = "AG2013";

    /// <summary>400: the body cannot be unpacked.</summary>
    public const string BrokenCoding = "AG2014";

    /// <summary>400: a field that is not known, in a body that has none but known ones.</summary>
    public const string UnknownField = "AG2015";

    /// <summary>404: there is nothing at this path.</summary>
    public const string NoSuchRoute = "AG2020";

    /// <summary>404: there is no such run, or it is past its retention.</summary>
    public const string NoSuchRun = "AG2021";

    /// <summary>404: there is no such step, or it has no output yet.</summary>
    public const string NoOutput = "AG2022";

    /// <summary>404: there is no such agent.</summary>
    public const string NoSuchAgent = "AG2025";

    /// <summary>405: the path exists, the method does not; <c>Allow</c> lists those that do.</summary>
    public const string MethodNotAllowed = "AG2023";

    /// <summary>426: the path speaks WebSocket.</summary>
    public const string UpgradeRequired = "AG2024";

    /// <summary>410: no attempt waits for what was posted (any more).</summary>
    public const string NoSuchCallback = "AG2026";

    /// <summary>404: the run has no such artifact (yet), or its bytes are not there.</summary>
    public const string NoSuchArtifact = "AG2027";

    /// <summary>409: the run has several artifacts of that name.</summary>
    public const string AmbiguousArtifact = "AG2032";

    /// <summary>409: the run has not ended, so it has no receipt.</summary>
    public const string NotEnded = "AG2033";

    /// <summary>409: the key is taken by a run with other content; see <c>differences</c>.</summary>
    public const string KeyTaken = "AG2030";

    /// <summary>409: as many runs of the plan with the same value as may be are there, and the plan rejects further ones.</summary>
    public const string GroupFull = "AG2031";

    /// <summary>401: an API key is needed, or is not known.</summary>
    public const string Unauthorized = "AG2040";

    /// <summary>403: the API key lacks a scope.</summary>
    public const string Forbidden = "AG2041";

    /// <summary>403: a web page of another origin asked.</summary>
    public const string CrossOrigin = "AG2042";

    /// <summary>403: the Host header is not a name of this machine.</summary>
    public const string UntrustedHost = "AG2043";

    /// <summary>429: no room for another run now; <c>Retry-After</c> says when to try again.</summary>
    public const string Overloaded = "AG2050";

    /// <summary>503: the engine cannot keep anything now.</summary>
    public const string Unavailable = "AG2051";

    /// <summary>500: what was kept of this is damaged; the detail names the record and the remedy.</summary>
    public const string Damaged = "AG2053";

    /// <summary>503: too many feeds are open.</summary>
    public const string TooManyFeeds = "AG2052";
}
