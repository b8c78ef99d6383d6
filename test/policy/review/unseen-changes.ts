/** For the one principal in whose name everything is asked. */
export const OF_THE_SUBJECT = `apiVersion: api.cerbos.dev/v1
principalPolicy:
  principal: subject
  version: default
  rules:
    - resource: "*"
      actions:
        - action: "*"
          effect: EFFECT_ALLOW
`;

/** A change that no kind's own files show. */
export interface UnseenChange {
  readonly title: string;
  readonly file: string;
  readonly text: string;
  /** What check has against it, and why diff says nothing: file and place, then this. */
  readonly says: string;
}

export const UNSEEN_CHANGES: readonly UnseenChange[] = [
  {
    title: "a principal policy in a file that no glob of ours takes",
    file: "cerbos/subject.yml",
    text: OF_THE_SUBJECT,
    says: "1:1: Cerbos would load it, and no check or diff reads it. Take it out, or call it <kind>.yaml",
  },
  {
    title: "a principal policy in a file like the others",
    file: "cerbos/subject.yaml",
    text: OF_THE_SUBJECT,
    says: "2:1: a principal policy overrules all others for one person. Take it out",
  },
  {
    title: "the same by the other name of the member",
    file: "cerbos/subject.yaml",
    text: OF_THE_SUBJECT.replace("principalPolicy", "principal_policy"),
    says: "2:1: a principal policy overrules all others for one person. Take it out",
  },
  {
    title: "a matrix in JSON",
    file: "cerbos/matrices/strict/sector.json",
    text: "{}",
    says: "1:1: Cerbos would load it, and no check or diff reads it. Take it out, or call it <kind>.yaml",
  },
];
