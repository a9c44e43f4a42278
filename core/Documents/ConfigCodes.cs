namespace AgentGrid.Core.Documents;

/// <summary>The stable codes of <see cref="ConfigProblem"/>: AG10nn for any document, AG11nn for plans.</summary>
public static class ConfigCodes
{
    /// <summary>The text is not YAML.</summary>
    public const string Syntax = "AG1001";

    /// <summary>A key that nobody reads, most often a typing mistake.</summary>
    public const string UnknownKey = "AG1002";

    /// <summary>The same key twice in one mapping.</summary>
    public const string DuplicateKey = "AG1003";

    /// <summary>A value of another type than expected.</summary>
    public const string WrongType = "AG1004";

    /// <summary>A number or a duration outside its range.</summary>
    public const string OutOfRange = "AG1005";

    /// <summary>A text that is not a duration.</summary>
    public const string BadDuration = "AG1006";

    /// <summary>A text that is not a name.</summary>
    public const string BadName = "AG1007";

    /// <summary>A key that must be there is not.</summary>
    public const string Missing = "AG1008";

    /// <summary>Nested too deep, or too large once its aliases are written out.</summary>
    public const string TooLarge = "AG1009";

    /// <summary>Valid YAML that configuration does not use: several documents, tags, merge keys.</summary>
    public const string Unsupported = "AG1010";

    /// <summary>An agent that no class declares.</summary>
    public const string UnknownAgent = "AG1011";

    /// <summary>A queue that is not declared, while one with nearly the same name is.</summary>
    public const string UnknownQueue = "AG1012";

    /// <summary>Two values that contradict each other.</summary>
    public const string Contradiction = "AG1013";

    /// <summary>A word that is none of the allowed ones.</summary>
    public const string UnknownWord = "AG1014";

    /// <summary>The same entry twice in one list.</summary>
    public const string DuplicateEntry = "AG1015";

    /// <summary>A text that is not Unicode: half of a surrogate pair, or bytes that are not UTF-8.</summary>
    public const string BadText = "AG1016";

    /// <summary>A YAML file that is none of <c>agents.yaml</c>, <c>plans/*.yaml</c> and <c>schedules.yaml</c>.</summary>
    public const string UnknownFile = "AG1017";

    /// <summary>An <c>[Agent]</c> attribute with values that cannot hold.</summary>
    public const string BadDeclaration = "AG1018";

    /// <summary>There are more problems than are listed.</summary>
    public const string MoreProblems = "AG1019";

    /// <summary>A file or a folder that was in force, and is not there any more.</summary>
    public const string FileGone = "AG1020";

    /// <summary>A file that is there, and cannot be read.</summary>
    public const string Unreadable = "AG1021";

    /// <summary>A kind of agents that there is not.</summary>
    public const string UnknownKind = "AG1022";

    /// <summary>A <c>${...}</c> that refers to nothing.</summary>
    public const string BadReference = "AG1023";

    /// <summary>A text that is no address of a service.</summary>
    public const string BadAddress = "AG1024";

    /// <summary>A schema that is none.</summary>
    public const string BadSchema = "AG1025";

    /// <summary>A text that is no cron expression.</summary>
    public const string BadCron = "AG1026";

    /// <summary>A time zone that this machine does not know.</summary>
    public const string UnknownTimeZone = "AG1027";

    /// <summary>
    /// The input of a schedule is not what its plan's <c>input_schema</c> asks for; a warning: a step's <c>with</c> is not what its
    /// agent's asks for.
    /// </summary>
    public const string UnfitInput = "AG1028";

    /// <summary>A text that is not a rate.</summary>
    public const string BadRate = "AG1029";

    /// <summary>A plan without steps.</summary>
    public const string EmptyPlan = "AG1101";

    /// <summary>A step needs one that does not exist.</summary>
    public const string UnknownNeed = "AG1102";

    /// <summary>A step needs itself.</summary>
    public const string SelfNeed = "AG1103";

    /// <summary>Steps that wait for each other in a circle.</summary>
    public const string Cycle = "AG1104";

    /// <summary>A step that can never start, because a step before it cannot.</summary>
    public const string Unreachable = "AG1105";

    /// <summary>A step with none of a capability, an agent, a wait and an approval, or with several.</summary>
    public const string NoTarget = "AG1106";

    /// <summary>A key that has no meaning in the step's mode.</summary>
    public const string NotInMode = "AG1107";

    /// <summary>A step of mode each that does not say where its list is.</summary>
    public const string NoForEach = "AG1108";

    /// <summary>A text that is not a path to a value.</summary>
    public const string BadPath = "AG1109";

    /// <summary>A text that is not a condition.</summary>
    public const string BadCondition = "AG1110";

    /// <summary>A path that begins at something other than the input or a step that comes before.</summary>
    public const string UnknownRoot = "AG1111";

    /// <summary>A capability that no agent offers.</summary>
    public const string UnknownCapability = "AG1112";

    /// <summary>Two plans with one name.</summary>
    public const string DuplicatePlan = "AG1113";

    /// <summary>More than one default plan.</summary>
    public const string DuplicateDefault = "AG1114";

    /// <summary>A plan that is named, as the default one or by a step, and does not exist.</summary>
    public const string UnknownPlan = "AG1115";

    /// <summary>A step with a name that means something else in paths.</summary>
    public const string ReservedName = "AG1116";

    /// <summary>A signal with the name of a step that somebody is to approve.</summary>
    public const string SignalTaken = "AG1117";

    /// <summary>A warning: a text in a literal <c>input</c> that looks like a reference to a value.</summary>
    public const string LiteralReference = "AG1118";

    /// <summary>Plans that call each other in a circle.</summary>
    public const string PlanCircle = "AG1119";

    /// <summary>A label that has another name or text than labels can have, or one too many.</summary>
    public const string BadLabel = "AG1120";

    /// <summary>Plans that call each other deeper than runs can.</summary>
    public const string PlansTooDeep = "AG1121";
}
